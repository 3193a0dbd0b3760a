"""Atomic writes: a file is written beside its target and then renamed, so that no partial file looks finished."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from brushprint.core.errors import UserError

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def replacing(target: str | Path) -> Iterator[Path]:
    """Yield a path beside `target` to write to; the new file replaces `target` if the block raises no exception.

    The new file is flushed to the disk before it replaces `target`, so that a power cut leaves the old file or the new
    one. If the block raises, the new file is removed and an older `target` stays as it was. Raises `UserError` if the
    block fails because the disk is full.
    """
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    # Create the file here, so that a folder without write permission raises a clear error: torch and other libraries
    # hide the system's error.
    part.open("wb").close()
    try:
        yield part
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(target)
    except Exception as error:
        # A library may have hidden the system's error, so also check the free space, before the new file is removed.
        if getattr(error, "errno", None) in DISK_FULL or disk_full(target.parent):
            raise UserError(f"the disk is full: no room for {target}; free some space and run again") from error
        raise
    finally:
        part.unlink(missing_ok=True)


def disk_full(folder: str | Path) -> bool:
    """Whether less than 1 MiB is free on the disk that holds a folder."""
    return shutil.disk_usage(folder).free < 2**20
