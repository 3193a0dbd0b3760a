"""The architectures of networks, one module for each; see `brushprint.models.architectures.registry`."""
