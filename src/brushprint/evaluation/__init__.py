"""How good the answers of a detector are, and how far they hold."""
