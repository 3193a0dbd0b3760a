"""A run shows its progress: a live view in a terminal, plain lines in a file, and its conclusion at the end."""

import os
import pty
import re
import subprocess
import termios
from pathlib import Path

import pytest

from tests.conftest import add_line, environment, listings, run

REPORT = "results/sample/report/index.html"
CONCLUSION = ["Recommended", "False alarms", "Shortcuts", "Claims", "Report"]


def in_terminal(project: Path, columns: int, *arguments: str) -> tuple[int, list[str]]:
    """The exit status of a run in a terminal of some columns, and the lines that it wrote there."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (40, columns))
    command = ["snakemake", "--cores", "2", *arguments]
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), theirs)
    process = subprocess.Popen(command, cwd=project, env=environment(project) | {"TERM": "xterm-256color"}, **streams)
    os.close(theirs)
    written = b""
    try:
        while part := os.read(ours, 4096):
            written += part
    except OSError:  # the other end was closed
        pass
    os.close(ours)
    plain = re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", written).decode()
    return process.wait(), re.split(r"[\r\n]+", plain)


@pytest.mark.parametrize("columns", [80, 200])
def test_a_terminal_shows_a_bar_for_each_stage_then_the_conclusion(project: Path, columns: int) -> None:
    (project / REPORT).unlink()
    status, lines = in_terminal(project, columns)
    assert status == 0
    # Snakemake itself writes the first line, which may be longer.
    assert max(map(len, lines[1:])) <= columns
    assert [line.split("  ")[0] for line in lines if line.strip()][-5:] == CONCLUSION
    *_, bar, whole = [line for line in lines if line.startswith(("Report ", "Whole run"))][:-1]
    assert re.fullmatch(r"Report +━+ +3 of 3 *", bar)
    assert re.fullmatch(r"Whole run +\d+:\d\d gone +100% *", whole)
    assert "jobid" not in "".join(lines)


def test_a_terminal_shows_why_a_job_failed(project: Path) -> None:
    (project / REPORT).unlink()
    add_line("src/brushprint/report/page.py", "\nraise RuntimeError('made to fail')\n")(project)
    status, lines = in_terminal(project, 100)
    assert status == 1
    shown = [line.rstrip() for line in lines]
    assert any(re.fullmatch(r"report failed \(\d:\d\d\)", line) for line in shown)
    assert shown.count("RuntimeError: made to fail") == 1
    assert "The log of the job: logs/sample/report.log" in shown


def test_a_file_gets_a_line_for_each_job_then_the_conclusion(project: Path) -> None:
    (project / REPORT).unlink()
    lines = run(project, "snakemake", "--cores", "2").splitlines()
    assert lines[1] == "3 jobs: Report 3"
    finished = [re.fullmatch(r" *(\d+)%  ([\w-]+) \(\d+:\d\d\)", line) for line in lines[2:-5]]
    assert [match[2] for match in finished] == ["report", "checksums", "all"]
    assert finished[-1][1] == "100"
    assert [line.split("  ")[0] for line in lines[-5:]] == CONCLUSION
    assert max(map(len, lines[1:])) <= 80
    assert "Nothing to be done" in run(project, "snakemake", "--cores", "2")


def test_the_complete_listing_is_in_the_log(project: Path) -> None:
    (project / REPORT).unlink()
    before = listings(project)
    run(project, "snakemake", "--cores", "2")
    [log] = listings(project) - before
    assert "rule report:" in log.read_text()


def test_a_dry_run_lists_jobs_as_snakemake_does(finished: Path) -> None:
    listing = run(finished, "snakemake", "-n", "--forcerun", "checksums")
    assert "rule checksums:" in listing
    assert "    reason: Forced execution" in listing
