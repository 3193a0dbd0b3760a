"""A result that differs from what its finished job wrote is reported; no other file is."""

import subprocess
import sys
from pathlib import Path

import pytest

from brushprint.core.job_log import record_of
from brushprint.workflow.records import altered, complaint

RESULTS = ("results/sample/metrics.json", "results/sample/variants/a.b/model.safetensors")
JOB = """
import sys
from pathlib import Path
from brushprint.core.job_log import logged

with logged("logs/sample/job.log", {outputs!r}):
    for file in {outputs!r}:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_text({content!r})
    {then}
"""


def job(
    folder: Path, content: str = "one", outputs: tuple[str, ...] = RESULTS, then: str = "", expect: int = 0
) -> None:
    """Run a job that writes its outputs in a folder, in its own process as the workflow does."""
    (folder / "logs/sample").mkdir(parents=True, exist_ok=True)
    script = JOB.format(outputs=list(outputs), content=content, then=then)
    assert subprocess.run([sys.executable, "-c", script], cwd=folder, check=False).returncode == expect


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found() -> list[str]:
    return [str(file) for file in altered(Path("records/sample"), Path("scratch/results.json"))]


def test_unchanged_results_are_not_reported(here: Path) -> None:
    job(here)
    assert found() == []
    job(here, "two")
    assert found() == []


def test_an_edited_result_is_reported_even_if_its_size_is_the_same(here: Path) -> None:
    job(here)
    Path(RESULTS[1]).write_text("eno")
    assert found() == [RESULTS[1]]
    Path(RESULTS[0]).write_text("other")
    assert found() == sorted(RESULTS)


def test_deleted_and_unrecorded_results_are_not_reported(here: Path) -> None:
    job(here)
    Path(RESULTS[0]).unlink()
    Path("results/sample/mine.txt").write_text("a note")
    assert found() == []


def test_files_outside_the_results_are_not_recorded(here: Path) -> None:
    job(here, outputs=("scratch/pixels.npy", "data/a.archive"))
    assert not Path("records").exists()


@pytest.mark.parametrize("then", ["import os; os.kill(os.getpid(), 9)", "raise ValueError"])
def test_a_killed_or_failed_job_leaves_no_record(here: Path, then: str) -> None:
    job(here)
    job(here, "half", then=then, expect=-9 if "kill" in then else 1)
    assert not list(Path("records").rglob("*.sha256"))
    assert found() == []


def test_a_record_is_named_for_its_result() -> None:
    assert record_of(Path("results/sample/a/b.json")) == Path("records/sample/a/b.json.sha256")


def test_the_error_line_names_a_file_and_both_remedies() -> None:
    one = complaint([Path("results/a")])
    assert (
        one == "results/a differs from what its job wrote: delete it, or restore it with `dvc checkout`, and run again"
    )
    assert complaint([Path("results/a"), Path("results/b")]).startswith(
        "results/a and 1 more differ from what their jobs"
    )
