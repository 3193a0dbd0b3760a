"""The log of a job: messages, progress with rate and time left, and errors in one line.

A job also records the SHA-256 of each result that it wrote; see `brushprint.workflow.records`.
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
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
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
    """Send log messages of the block to stderr and to the file `log`; at its end, record the results in `outputs`.

    The first line of the log holds the start time, machine and commit of the job. If the job succeeds, the last line
    holds its cost.

    An exception ends the process with status 1. A `UserError`, a missing permission and a full disk are logged in one
    line; any other exception is a defect of brushprint, and its traceback is logged.

    The block waits while another job with the same log is running, because a job may outlive the run that started it.
    If this job's own run ends during the wait, the process exits with status 1 and the block does not run, because the
    settings may have changed since.
    """
    log = Path(log)
    records = {Path(file): record_of(Path(file)) for file in outputs if Path(file).parts[0] == "results"}
    console = logging.StreamHandler(sys.stderr)
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[console], force=True)
    # On a full disk, the logging module would print a traceback for each line and hide the one-line error.
    logging.raiseExceptions = False
    log_warnings()
    lock_file = log.with_name(f".{log.stem}.lock")
    run = os.getppid()
    lock = locks.hold(lock_file)
    if lock is None:
        LOG.info("%s: waiting for a job of an earlier run that still works on the same files", log.stem)
        lock = locks.hold(lock_file, wait=True)
        if os.getppid() != run:
            LOG.info("%s: the run that started this job has ended; the job does nothing", log.stem)
            sys.exit(1)
    try:
        # If this job is killed, its results may be incomplete, so no record may vouch for them.
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
            LOG.error("error: the disk is full; free some space and run again")
        else:
            LOG.exception("unexpected error")
        sys.exit(1)
    except Exception:
        LOG.exception("unexpected error")
        sys.exit(1)
    finally:
        if lock:
            lock.close()


_file: ContextVar[str | None] = ContextVar("file", default=None)


@contextmanager
def reading(file: str) -> Iterator[None]:
    """Name `file` in the warnings that libraries raise in this thread during the block; see `log_warnings`."""
    token = _file.set(file)
    try:
        yield
    finally:
        _file.reset(token)


def log_warnings() -> None:
    """From now on, log the warnings of libraries in one line each: the file that is read, and the text.

    A warning is logged once, whatever file it is about; texts that differ in numbers alone are one warning.
    """
    logged: set[tuple[str, str]] = set()

    def log(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
        text = " ".join(str(message).split())
        kind = category.__name__, re.sub(r"\d+", "#", text)
        if kind not in logged:
            logged.add(kind)
            file = _file.get()
            LOG.warning("warning: %s%s", f"{file}: " if file else "", text)

    warnings.showwarning = log


def record_of(result: Path) -> Path:
    """The file for a result's sha256: `records/sample/metrics.json.sha256` for `results/sample/metrics.json`."""
    return Path("records", *result.parts[1:-1], f"{result.name}.sha256")


def _circumstances() -> dict[str, str | int]:
    """The facts about this job that differ from run to run: time, commit and machine."""
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
    """Time and memory of this process and its ended child processes; the memory is the peak of the largest process."""
    own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    # `ru_maxrss` counts bytes on macOS and kilobytes on other systems.
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return {
        "seconds": round(time.monotonic() - began, 2),
        "megabytes": round(max(_own_peak() or own.ru_maxrss, others.ru_maxrss) / unit),
        "cpu_seconds": round(sum(usage.ru_utime + usage.ru_stime for usage in (own, others)), 2),
    }


def _own_peak() -> int | None:
    """The peak memory of this process in kilobytes, where the system is Linux; None elsewhere.

    On Linux, `ru_maxrss` also includes the program that ran in this process before exec, which is Snakemake.
    """
    status = Path("/proc/self/status")
    said = re.search(rb"^VmHWM:\s+(\d+) kB", status.read_bytes(), re.MULTILINE) if status.exists() else None
    return int(said[1]) if said else None


class _LogLines:
    """A stream for tqdm that logs each refresh as a line, because bars of parallel jobs would overwrite each other."""

    def write(self, text: str) -> None:
        if line := text.strip("\r\n "):
            LOG.info(line)

    def flush(self) -> None:
        """Do nothing: `write` buffers no text."""


def progress(total: int | None, label: str, unit: str = " pictures", **options: Any) -> tqdm:
    """A progress counter up to `total`; every five seconds it logs a line with progress, rate and time left.

    `options` are passed to tqdm.
    """
    return tqdm(total=total, desc=label, unit=unit, file=_LogLines(), mininterval=5, ncols=100, ascii=" .=", **options)
