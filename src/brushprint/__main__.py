"""`python -m brushprint` is the command `brushprint`."""

from brushprint.cli.commands import main

main()
