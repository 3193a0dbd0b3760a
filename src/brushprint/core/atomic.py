"""Nothing half-written is ever taken for finished: write beside, then rename."""

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
    """Yield a path beside `target` to write to; it takes the place of `target` when the block ends well.

    What takes its place is on the disk, not only on its way there: a power cut leaves the old file or the new one.
    When the block raises, what was written is removed and an older `target` stays as it was. Raises `UserError` when
    it raised because the disk is full.
    """
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    # Begun here, where a folder that may not be written to is called so: torch and others hide the system's word.
    part.open("wb").close()
    try:
        yield part
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(target)
    except Exception as error:
        # Where the system's word is hidden the disk is asked, before the part is removed.
        if getattr(error, "errno", None) in DISK_FULL or disk_full(target.parent):
            raise UserError(f"the disk is full: no room for {target}; free some and run again") from error
        raise
    finally:
        part.unlink(missing_ok=True)


def disk_full(folder: str | Path) -> bool:
    """Whether next to nothing more can be written to a folder."""
    return shutil.disk_usage(folder).free < 2**20
