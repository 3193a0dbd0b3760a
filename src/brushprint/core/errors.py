"""The one exception that is reported without a traceback, and the suggestion that ends some of its messages."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """A mistake in settings or data. Its message is one line: what is wrong, where, and what to do."""


def nearest(word: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown word: the most similar known word, or all known words if none is close."""
    known = list(known)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(known)}"
