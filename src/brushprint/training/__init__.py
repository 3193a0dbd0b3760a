"""Training a network, and running it over pictures."""
