"""What a person sees of a run: one live view in a terminal, and plain lines in a file."""

import os
import sys
import threading
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol, TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from snakemake_logger_plugin_brushprint.progress import Job, Progress, clock

_STDERR = 2
# A log that ends with more than this is not searched for its last line.
_TAIL_BYTES = 4096
# Of the log of a job that failed without an `error:` line, this number of lines is shown.
_SHOWN = 20


class View(Protocol):
    """A view of a run."""

    def end_job(self, job: Job, seconds: float, finished: bool) -> None:
        """Show that a job ended, well or not."""

    def show(self, lines: Iterable[str]) -> None:
        """Show lines that stay."""

    def show_error(self, log: Path | None) -> None:
        """Show why a job failed."""

    def close(self) -> None:
        """End the view."""


class PlainView:
    """A line for each job that ends, where there is no terminal. What jobs write to stderr stands between the lines."""

    def __init__(self, progress: Progress, stream: TextIO) -> None:
        """Show the number of jobs of each stage on a stream."""
        self._progress, self._stream = progress, stream
        stages = ", ".join(f"{stage.name} {stage.jobs}" for stage in progress.stages)
        self.show([f"{sum(stage.jobs for stage in progress.stages)} jobs: {stages}"])

    def end_job(self, job: Job, seconds: float, finished: bool) -> None:
        """Write how far the run is, which job ended, and how long it took."""
        self.show([f"{self._progress.share:4.0%}  {job.name} {'' if finished else 'failed '}({clock(seconds)})"])

    def show(self, lines: Iterable[str]) -> None:
        """Write lines."""
        print(*lines, sep="\n", file=self._stream, flush=True)

    def show_error(self, log: Path | None) -> None:
        """The job itself wrote why it failed, unless it ran on another machine."""
        self.show([f"The log of the job: {log}"] if log else [])

    def close(self) -> None:
        """Nothing is held back."""


class LiveView:
    """A bar for each stage, the run's percentage and times, and the newest line that a job logged.

    Until the view is closed, what jobs write to stderr is kept from the terminal: it would tear the view apart.
    """

    def __init__(self, progress: Progress, color: bool) -> None:
        """Begin to draw on the terminal that stderr is."""
        self._progress = progress
        self._stderr = Stderr()
        self._console = Console(file=self._stderr.terminal, no_color=not color, highlight=False)
        self._live = Live(console=self._console, get_renderable=self._draw, refresh_per_second=4, redirect_stderr=False)
        self._live.start()

    def end_job(self, job: Job, seconds: float, finished: bool) -> None:
        """Jobs that end well are seen in the bars; the `note:` lines of their logs stay above the bars."""
        if finished:
            self.show(_lines(job.log, "note: "))
        else:
            self.show([f"{job.name} failed ({clock(seconds)})"])

    def show(self, lines: Iterable[str]) -> None:
        """Write lines above the bars."""
        for line in lines:
            self._console.print(Text(line))

    def show_error(self, log: Path | None) -> None:
        """The `error:` lines of the job's log, or the end of the log, or what jobs last wrote to stderr."""
        errors = _lines(log, "error: ")
        self.show(errors or _lines(log)[1:][-_SHOWN:] or self._stderr.recent)
        if log and not errors:
            self.show([f"The log of the job: {log}"])

    def close(self) -> None:
        """Draw the view once more and leave it in the terminal."""
        self._live.stop()
        self._stderr.close()

    def _draw(self) -> Group:
        table = Table.grid(padding=(0, 2, 0, 0), expand=True)
        table.add_column(no_wrap=True)
        table.add_column(ratio=1)
        table.add_column(justify="right", no_wrap=True)
        for stage in self._progress.stages:
            bar = ProgressBar(total=stage.jobs, completed=stage.finished)
            table.add_row(stage.name, bar, f"{stage.finished} of {stage.jobs}")
        left = self._progress.left
        times = f"{clock(self._progress.gone)} gone"
        times += "" if left is None else f", about {clock(left)} left"
        table.add_row(Text("Whole run", style="bold"), Text(times), Text(f"{self._progress.share:.0%}", style="bold"))
        return Group(table, Text(self._newest(), style="dim", no_wrap=True, overflow="ellipsis"))

    def _newest(self) -> str:
        """The job at work whose log grew last, and the last line of the log."""
        logs = []
        for job in list(self._progress.at_work.values()):
            # The job may have no log, or may not have begun it.
            if job.log and job.log.exists():
                logs.append((job.log.stat().st_mtime_ns, job.name, job.log))
        if not logs:
            return ""
        _, name, log = max(logs)
        return f"{name}: {last_line(log)}".removesuffix(": ")


class Stderr:
    """This process's standard error, caught: what this process and its jobs write there is kept in `recent`."""

    def __init__(self) -> None:
        """Put a pipe in the place of standard error; `terminal` is what was there before."""
        sys.stderr.flush()
        self.recent: deque[str] = deque(maxlen=_SHOWN)
        self.terminal = os.fdopen(os.dup(_STDERR), "w", encoding="utf-8", errors="replace")
        receives, sends = os.pipe()
        os.dup2(sends, _STDERR)
        os.close(sends)
        self._reader = threading.Thread(target=self._keep, args=[receives], daemon=True)
        self._reader.start()

    def close(self) -> None:
        """Put standard error back."""
        sys.stderr.flush()
        os.dup2(self.terminal.fileno(), _STDERR)
        self.terminal.close()
        # A job that outlives the run may hold the pipe open.
        self._reader.join(timeout=1)

    def _keep(self, receives: int) -> None:
        with os.fdopen(receives, encoding="utf-8", errors="replace") as lines:
            self.recent.extend(line.rstrip("\n") for line in lines)


def _lines(log: Path | None, beginning: str = "") -> list[str]:
    """The lines of a log that begin with a text; none if there is no log."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log and log.exists() else []
    return [line for line in lines if line.startswith(beginning)]


def last_line(log: Path) -> str:
    """The last line of a log, without control characters; empty if the log has only its first line, which is JSON."""
    with log.open("rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL_BYTES))
        lines = file.read().decode(errors="replace").split("\n")
    line = next((line for line in reversed(lines) if line.strip()), "")
    return "" if line.startswith("{") else "".join(filter(str.isprintable, line))
