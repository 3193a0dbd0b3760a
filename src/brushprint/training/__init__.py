"""Train a network, and run it over pictures."""
