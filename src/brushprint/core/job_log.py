"""What a person sees of a job: a log, progress with rate and time left, errors in one line; and a record of its files.

A job records the sha256 of each result that it wrote: see `brushprint.workflow.records`.
"""

import errno
import json
import logging
import os
import platform
import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tqdm import tqdm

from brushprint.core import locks
from brushprint.core.atomic import DISK_FULL, replacing
from brushprint.core.digest import sha256
from brushprint.core.errors import UserError

LOG = logging.getLogger("brushprint")

_NOT_ALLOWED = (errno.EACCES, errno.EPERM, errno.EROFS)


@contextmanager
def logged(log: str | Path, outputs: Iterable[str]) -> Iterator[None]:
    """Send what the block logs to stderr and to the file `log`; record the results among its `outputs` at its end.

    The log begins with when, where and on which commit the block ran, and ends with its cost.

    A `UserError` ends the process with status 1 and one line; any other exception is a defect of brushprint and
    leaves its traceback in the log. The block waits while a job with the same log is at work: a job may outlive the run
    that began it. A job whose own run ends while it waits does nothing: its settings may no longer hold.
    """
    log = Path(log)
    records = {Path(file): record_of(Path(file)) for file in outputs if Path(file).parts[0] == "results"}
    console = logging.StreamHandler(sys.stderr)
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[console], force=True)
    # On a full disk the line for the person must not drown in complaints about the log.
    logging.raiseExceptions = False
    logging.captureWarnings(True)
    lock_file = log.with_name(f".{log.stem}.lock")
    run = os.getppid()
    lock = locks.hold(lock_file)
    if lock is None:
        LOG.info("%s: a job of an earlier run is still at work on the same files; waiting for it", log.stem)
        lock = locks.hold(lock_file, wait=True)
        if os.getppid() != run:
            LOG.info("%s: the run that began this job has ended meanwhile; nothing is done", log.stem)
            sys.exit(1)
    try:
        # Nothing is known of results that a job is about to write.
        for record in records.values():
            record.unlink(missing_ok=True)
        log.write_text(json.dumps(_circumstances()) + "\n", encoding="utf-8")
        logging.getLogger().addHandler(logging.FileHandler(log, encoding="utf-8"))
        began = time.monotonic()
        yield
        for result, record in records.items():
            with replacing(record) as part:
                part.write_text(f"{sha256(result)}\n", encoding="ascii")
        with log.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(_cost(began)) + "\n")
    except UserError as error:
        LOG.error("error: %s", error)
        sys.exit(1)
    except OSError as error:
        if error.errno in _NOT_ALLOWED:
            LOG.error("error: %s: %s; allow this user to write there", error.filename, error.strerror)
        elif error.errno in DISK_FULL:
            LOG.error("error: the disk is full; free some and run again")
        else:
            LOG.exception("unexpected error")
        sys.exit(1)
    except Exception:
        LOG.exception("unexpected error")
        sys.exit(1)
    finally:
        if lock:
            lock.close()


def record_of(result: Path) -> Path:
    """The file that records the sha256 of a result: `records/sample/metrics.json.sha256`, of `results/sample/…`."""
    return Path("records", *result.parts[1:-1], f"{result.name}.sha256")


def _circumstances() -> dict[str, str | int]:
    """What differs from run to run."""
    try:
        described = ("git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")
        commit = subprocess.run(described, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        commit = "not under git"
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit,
        "machine": platform.node(),
        "system": platform.platform(),
        "cores": os.cpu_count() or 0,
    }


def _cost(began: float) -> dict[str, float]:
    """What this process and those that it began and that ended took; the memory is that of the largest of them."""
    own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    # Kilobytes, but bytes on macOS.
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return {
        "seconds": round(time.monotonic() - began, 2),
        "megabytes": round(max(_own_peak() or own.ru_maxrss, others.ru_maxrss) / unit),
        "cpu_seconds": round(sum(usage.ru_utime + usage.ru_stime for usage in (own, others)), 2),
    }


def _own_peak() -> int | None:
    """Kilobytes that this process took at most, where Linux tells.

    On Linux `ru_maxrss` counts what was there before this program took its place (exec), which is Snakemake.
    """
    status = Path("/proc/self/status")
    said = re.search(rb"^VmHWM:\s+(\d+) kB", status.read_bytes(), re.MULTILINE) if status.exists() else None
    return int(said[1]) if said else None


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
