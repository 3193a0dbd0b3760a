"""The command `brushprint`: its subcommands, and how they print."""
