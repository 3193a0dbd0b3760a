"""The output of `snakemake` while it runs: the progress of each stage, and errors.

Snakemake finds this package by its name. `profiles/default` selects it, and `snakemake --logger NAME` selects another.
The complete listing of a run is in `.snakemake/log/`.

This package imports nothing from `brushprint`. Snakemake imports it before the Snakefile has put the checkout's own
`brushprint` first on the search path.
"""

import atexit
import logging
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from snakemake_logger_plugin_brushprint.progress import Progress, earlier_times
from snakemake_logger_plugin_brushprint.views import LiveView, PlainView, View


class LogHandler(LogHandlerBase):
    """Shows the progress of a run. Other output, such as the listing of `-n`, is Snakemake's own."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = False
    has_formatter = False
    needs_rulegraph = False

    def __post_init__(self) -> None:
        """Begin without a run: Snakemake has yet to find out whether there is something to do."""
        self._run: Run | None = None
        self._held: list[str] = []
        atexit.register(self.close)

    def emit(self, record: logging.LogRecord) -> None:
        """Show a record of Snakemake."""
        try:
            if self._run is None:
                self._emit_before_run(record)
            else:
                self._run.show(record, self.format)
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        """End the view of the run, then print its conclusion, or the messages that were held back."""
        lines, self._held = self._held, []
        if self._run is not None:
            lines += self._run.close()
            self._run = None
        for line in lines:
            self._print(line)
        super().close()

    def _emit_before_run(self, record: logging.LogRecord) -> None:
        event = getattr(record, "event", None)
        if event == LogEvent.WORKFLOW_STARTED:
            return
        if event == LogEvent.RUN_INFO and not self.common_settings.dryrun:
            # The messages so far were about the preparation of the run.
            self._held = []
            jobs = {rule: number for rule, number in vars(record)["stats"].items() if rule != "total"}
            self._run = Run(Progress(jobs), color=not self.common_settings.nocolor)
        elif record.levelno < logging.WARNING and not self.common_settings.dryrun:
            self._held.append(self.format(record))
        else:
            self._print(self.format(record))

    def _print(self, text: str) -> None:
        if text:
            print(text, file=sys.stdout if self.common_settings.stdout else sys.stderr, flush=True)


class Run:
    """A run that is in progress, and the view of it: live in a terminal, plain lines elsewhere."""

    def __init__(self, progress: Progress, color: bool) -> None:
        """Begin the view."""
        self._progress = progress
        live = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._view: View = LiveView(progress, color) if live else PlainView(progress, sys.stderr)
        self._conclusion: list[str] = []
        self._failed: set[int] = set()
        self._knows_earlier_times = False

    def show(self, record: logging.LogRecord, text_of: Callable[[logging.LogRecord], str]) -> None:
        """Show a record; `text_of` gives its message as Snakemake formats it, which takes long for listings of jobs."""
        fields = vars(record)
        match fields.get("event"):
            case LogEvent.JOB_INFO:
                self._begin_job(fields)
            case LogEvent.JOB_FINISHED:
                self._end_job(fields["job_id"], finished=True)
            case LogEvent.JOB_ERROR:
                self._fail_job(fields)
            case LogEvent.PROGRESS:
                self._progress.count_jobs(fields["total"])
            case _:
                if fields.get("conclusion"):
                    self._conclusion.append(text_of(record))
                # The failure of a job has been shown, and its long command helps nobody.
                elif record.levelno >= logging.WARNING and "CalledProcessError" not in (text := text_of(record)):
                    self._view.show(text.splitlines())

    def close(self) -> list[str]:
        """End the view; returns the conclusion of the run, which the Snakefile logs after the last job."""
        self._view.close()
        return self._conclusion

    def _begin_job(self, fields: Mapping[str, Any]) -> None:
        log = Path(fields["log"][0]) if fields["log"] else None
        if log and not self._knows_earlier_times:
            self._progress.know_earlier_times(earlier_times(log.parent))
            self._knows_earlier_times = True
        self._failed.discard(fields["jobid"])
        rule = fields["rule_name"]
        self._progress.begin_job(fields["jobid"], rule, log.stem if log else rule, log)

    def _end_job(self, number: int, finished: bool) -> None:
        ended = self._progress.end_job(number, finished)
        if ended:
            job, seconds = ended
            self._view.end_job(job, seconds, finished)

    def _fail_job(self, fields: Mapping[str, Any]) -> None:
        # Snakemake repeats the errors at the end of the run.
        if fields["jobid"] not in self._failed:
            self._failed.add(fields["jobid"])
            self._end_job(fields["jobid"], finished=False)
            self._view.show_error(next(map(Path, fields["log"]), None))
