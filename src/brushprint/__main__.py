"""`python -m brushprint` is the command `brushprint`."""

from brushprint.cli import main

main()
