"""The one exception that is told to a person without a traceback, and how it guesses what was meant."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """A mistake in settings or data, in one line: what is wrong, where, and what to do."""


def nearest(word: str, known: Iterable[str]) -> str:
    """The end of a line about an unknown word: the known one that is most like it, or else all of them."""
    known = list(known)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(known)}"
