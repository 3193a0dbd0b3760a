"""The networks, one module each; see `brushprint.models.architectures.registry`."""
