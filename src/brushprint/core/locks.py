"""Locks that the system takes back when the process that holds them ends, however it ends.

On a file system that knows no locks, like some cluster mounts, nobody knows who is alone, and nobody waits.
"""

import errno
import fcntl
from pathlib import Path
from typing import TextIO

_UNKNOWN = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


def join(file: str | Path) -> tuple[TextIO, bool | None]:
    """Share a lock with all who are at work until the stream is closed; also says whether nobody else is.

    None where that cannot be known.
    """
    stream = _opened(file)
    alone = _locked(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    _locked(stream, fcntl.LOCK_SH)
    return stream, alone


def hold(file: str | Path, *, wait: bool = False) -> TextIO | None:
    """Have a lock alone until the stream returned is closed; None when another has it and `wait` is false."""
    stream = _opened(file)
    if _locked(stream, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB)) is False:
        stream.close()
        return None
    return stream


def _opened(file: str | Path) -> TextIO:
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    return Path(file).open("a", encoding="utf-8")


def _locked(stream: TextIO, mode: int) -> bool | None:
    try:
        fcntl.flock(stream, mode)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in _UNKNOWN:
            return None
        raise
    return True
