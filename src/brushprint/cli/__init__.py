"""The command `brushprint`."""
