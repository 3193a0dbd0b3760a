"""The command `brushprint runs`: the start, machine, commit and cost of each job, read from the logs of the jobs.

`brushprint runs` shows every collection, `brushprint runs sample` only one. No result contains any of these facts, so
that a second run writes the same bytes.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

HEADER = ("job", "started (UTC)", "at", "time", "MB", "CPU s")
# Longer text is cut, so that a row fits into 80 columns.
WIDTHS = (30, 16, 3, 9, 6, 6)


class Run(NamedTuple):
    """The last run of a job on this machine. `memory` is in megabytes; `seconds` and `cpu` are in seconds.

    A value is None if the log does not contain it.
    """

    job: str
    started: datetime | None
    commit: str | None
    machine: str | None
    seconds: float | None
    memory: float | None
    cpu: float | None


def read(folder: Path) -> list[Run]:
    """The runs whose logs are in a folder, in the order of their start; runs without a start time come last."""
    found = [_read(log) for log in sorted(folder.glob("*.log"))]
    return sorted(found, key=lambda run: (run.started is None, run.started and run.started.timestamp()))


def _read(log: Path) -> Run:
    noted, cost = _noted(log)
    try:
        started = datetime.fromisoformat(noted["started"])
    except (KeyError, TypeError, ValueError):
        started = None
    costs = [cost.get(name) for name in ("seconds", "megabytes", "cpu_seconds")]
    return Run(log.stem, started, noted.get("commit"), noted.get("machine"), *costs)


def _noted(log: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The facts in the first line of a job's log and, if the job succeeded, the cost in its last line."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    # An active run removes a log before the job writes it again.
    except FileNotFoundError:
        lines = []
    first, *_, last = [_values(line) for line in lines] if len(lines) > 1 else [_values("".join(lines)), {}]
    return first, last


def _values(line: str) -> dict[str, Any]:
    try:
        noted = json.loads(line)
    except json.JSONDecodeError:
        return {}
    return noted if isinstance(noted, dict) else {}


def table(folder: Path) -> str:
    """The runs whose logs are in a folder as text: one row for each job, then commits and machines, then the totals."""
    found = read(folder)
    if not found:
        return f"No logs in {folder}/: the logs of results from another machine are on that machine."
    places = list(dict.fromkeys((run.commit, run.machine) for run in found))
    rows = [HEADER, *(_row(run, str(1 + places.index((run.commit, run.machine)))) for run in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    lines = [_line(row, widths) for row in rows]
    return "\n".join(
        [
            lines[0],
            "  ".join("-" * width for width in widths),
            *lines[1:],
            "",
            *(
                f"at {number}: commit {commit or '-'} on {machine or '-'}"
                for number, (commit, machine) in enumerate(places, 1)
            ),
            *_totals(folder.name, found),
        ]
    )


def _row(run: Run, place: str) -> list[str]:
    texts = (
        run.job,
        f"{run.started:%Y-%m-%d %H:%M}" if run.started else None,
        place,
        None if run.seconds is None else _clock(run.seconds),
        None if run.memory is None else f"{run.memory:.0f}",
        None if run.cpu is None else f"{run.cpu:.0f}",
    )
    return [_cut(text or "-", width) for text, width in zip(texts, WIDTHS, strict=True)]


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _clock(seconds: float) -> str:
    minutes, second = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{second:02}"


def _line(row: Iterable[str], widths: list[int]) -> str:
    """A row of the table: the first two columns are aligned to the left, the others to the right."""
    cells = [text.ljust(width) for text, width in zip(row, widths, strict=True)]
    cells[2:] = [text.strip().rjust(width) for text, width in zip(cells[2:], widths[2:], strict=True)]
    return "  ".join(cells).rstrip()


def _totals(name: str, found: list[Run]) -> list[str]:
    hours = sum(run.seconds or 0 for run in found) / 3600
    memory = max(run.memory or 0 for run in found)
    lines = [f"{name}: {len(found)} jobs, {hours:.2f} hours in total, at most {memory:.0f} MB in one job."]
    if any(run.seconds is None for run in found):
        lines.append("A job without a time failed, was stopped or is still running.")
    return lines


def tables(collection: str | None) -> str:
    """The tables of all collections that have logs here, or of one collection."""
    folders = [Path("logs", collection)] if collection else sorted(filter(Path.is_dir, Path("logs").glob("*")))
    return "\n\n".join(table(folder) for folder in folders or [Path("logs")])
