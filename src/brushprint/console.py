"""What a person sees of a job: a log, progress with rate and time left, and errors in one line."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tqdm import tqdm

from brushprint.errors import UserError

LOG = logging.getLogger("brushprint")


@contextmanager
def logged(log: str | Path) -> Iterator[None]:
    """Send what the block logs to stderr and to the file `log`.

    A `UserError` ends the process with status 1 and one line; any other exception is a defect of brushprint and
    leaves its traceback in the log.
    """
    handlers = [logging.StreamHandler(sys.stderr), logging.FileHandler(log, mode="w", encoding="utf-8")]
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=handlers, force=True)
    logging.captureWarnings(True)
    try:
        yield
    except UserError as error:
        LOG.error("error: %s", error)
        sys.exit(1)
    except Exception:
        LOG.exception("unexpected error")
        sys.exit(1)


class _LogLines:
    """A stream for tqdm that makes a log line of each refresh: bars that overwrite themselves mix up side by side."""

    def write(self, text: str) -> None:
        if line := text.strip("\r\n "):
            LOG.info(line)

    def flush(self) -> None:
        """Nothing is held back."""


def progress(total: int | None, label: str, unit: str = " pictures", **options: Any) -> tqdm:
    """Count up to `total`; every five seconds a line says how far, how fast and how long still.

    `options` are those of tqdm.
    """
    return tqdm(total=total, desc=label, unit=unit, file=_LogLines(), mininterval=5, ncols=100, ascii=" .=", **options)
