"""Facts that differ from run to run are read from the logs and shown by a command and by Snakemake's report only."""

import json
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from brushprint.workflow import runs

STARTED = datetime.fromisoformat("2026-03-01T10:00:00+00:00")


def write_log(folder: Path, job: str, minute: int = 0, **noted: str) -> Path:
    """Write the beginning of a job's log as `brushprint.core.job_log.logged` does."""
    folder.mkdir(parents=True, exist_ok=True)
    started = STARTED.replace(minute=minute).isoformat(timespec="seconds")
    circumstances = {"started": started, "commit": "0123456789ab", "machine": "laptop", "cores": 2} | noted
    log = folder / f"{job}.log"
    log.write_text(f"{json.dumps(circumstances)}\ndraw: 100%\n")
    return log


def write_cost(log: Path, seconds: float, memory: float, cpu: float) -> None:
    """Append the last line of the log of a successful job."""
    with log.open("a") as file:
        file.write(json.dumps({"seconds": seconds, "megabytes": memory, "cpu_seconds": cpu}) + "\n")


def test_the_table_has_a_row_for_each_job_by_start_time_and_then_the_totals(tmp_path: Path) -> None:
    write_cost(write_log(tmp_path / "sample", "train-v1.5", minute=9), 3725.5, 812, 7000.2)
    write_cost(write_log(tmp_path / "sample", "draw", commit="0123456789ab-dirty"), 1674.5, 100, 12.49)
    assert runs.table(tmp_path / "sample").splitlines() == [
        "job         started (UTC)     at     time   MB  CPU s",
        "----------  ----------------  --  -------  ---  -----",
        "draw        2026-03-01 10:00   1  0:27:54  100     12",
        "train-v1.5  2026-03-01 10:09   2  1:02:06  812   7000",
        "",
        "at 1: commit 0123456789ab-dirty on laptop",
        "at 2: commit 0123456789ab on laptop",
        "sample: 2 jobs, 1.50 hours in total, at most 812 MB in one job.",
    ]


def test_a_row_fits_a_terminal_of_80_columns(tmp_path: Path) -> None:
    log = write_log(tmp_path, "train-" + "v" * 60, commit="0123456789ab-dirty")
    write_cost(log, 999999, 999999, 99999999)
    *rows, _ = runs.table(tmp_path).splitlines()
    assert max(map(len, rows)) <= 80


@pytest.mark.parametrize(
    "cut", ["", '{"started": "2026-03-01T10:0', '"text"', '{"started": null}', '{"started": "soon"}', "\0\udcff"]
)
def test_a_truncated_log_still_has_a_row_at_the_end(tmp_path: Path, cut: str) -> None:
    write_cost(write_log(tmp_path, "draw"), 1, 2, 3)
    (tmp_path / "a.log").write_text(cut, errors="surrogateescape")
    assert [row.job for row in runs.read(tmp_path)] == ["draw", "a"]
    assert "A job without a time failed, was stopped or is still running." in runs.table(tmp_path)


def test_a_log_that_another_run_deletes_meanwhile_counts_as_empty(tmp_path: Path) -> None:
    (tmp_path / "draw.log").symlink_to("gone")
    assert [run.started for run in runs.read(tmp_path)] == [None]


def test_an_unfinished_job_has_a_row_without_costs(tmp_path: Path) -> None:
    write_log(tmp_path, "draw")
    [row] = runs.read(tmp_path)
    assert (row.started, row.seconds, row.memory, row.cpu) == (STARTED, None, None, None)


@pytest.mark.parametrize(
    ("end", "status", "costs"), [("sum(range(10**7))", 0, True), ("raise UserError('no room')", 1, False)]
)
def test_a_job_logs_its_cost_only_if_it_succeeds(tmp_path: Path, end: str, status: int, costs: bool) -> None:
    script = tmp_path / "job.py"
    imports = "from brushprint.core.job_log import logged\nfrom brushprint.core.errors import UserError\n"
    script.write_text(f"{imports}with logged({str(tmp_path / 'logs/job.log')!r}, []):\n    {end}\n")
    assert subprocess.run([sys.executable, script], check=False).returncode == status
    [row] = runs.read(tmp_path / "logs")
    assert row.started is not None
    assert [cost is not None and cost > 0 for cost in (row.seconds, row.memory, row.cpu)] == [costs] * 3


def test_the_command_shows_every_collection_or_the_given_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def said(*arguments: str) -> str:
        command = (sys.executable, "-m", "brushprint", "runs", *arguments)
        return subprocess.check_output(command, cwd=tmp_path, text=True)

    monkeypatch.chdir(tmp_path)
    assert said() == "No logs in logs/: the logs of results from another machine are on that machine.\n"
    for name in ("sample", "mine"):
        write_log(Path("logs", name), "draw")
    assert re.findall(r"^(\w+): 1 job", said(), re.MULTILINE) == ["mine", "sample"]
    assert re.findall(r"^(\w+): 1 job", said("mine"), re.MULTILINE) == ["mine"]
    assert said("other") == "No logs in logs/other/: the logs of results from another machine are on that machine.\n"
