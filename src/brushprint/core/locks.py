"""File locks that the operating system releases when the process that holds them ends, even if it is killed.

Some file systems, such as some cluster mounts, do not support locks. There, no function of this module waits or detects
other processes.
"""

import errno
import fcntl
from pathlib import Path
from typing import TextIO

_UNKNOWN = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


def join(file: str | Path) -> tuple[TextIO, bool | None]:
    """Take a lock that other processes can share, until the stream is closed.

    Returns the stream, and whether no other process holds the lock; None if the file system does not support locks.
    """
    stream = _opened(file)
    alone = _locked(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    _locked(stream, fcntl.LOCK_SH)
    return stream, alone


def hold(file: str | Path, *, wait: bool = False) -> TextIO | None:
    """Take an exclusive lock until the stream returned is closed; None if the lock is taken and `wait` is false."""
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
