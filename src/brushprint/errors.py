"""The one exception that is told to a person without a traceback."""


class UserError(Exception):
    """A mistake in settings or data, in one line: what is wrong, where, and what to do."""
