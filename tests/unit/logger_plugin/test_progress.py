"""The progress of a run: stages, share of the work, time left."""

import json
import re
from pathlib import Path

import pytest

from snakemake_logger_plugin_brushprint.progress import STAGES, Progress, Stage, clock, earlier_times
from tests.conftest import REPOSITORY


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Clock:
    return Clock()


def test_every_rule_has_one_stage() -> None:
    declared = re.compile(r"^ *(?:use rule \w+ as|rule|checkpoint) (\w+)", re.MULTILINE)
    files = [REPOSITORY / "Snakefile", *(REPOSITORY / "workflow/rules").glob("*.smk")]
    rules = [rule for file in files for rule in declared.findall(file.read_text())]
    assert sorted(rule for stage in STAGES.values() for rule in stage) == sorted(rules)


def test_without_earlier_times_jobs_count_alike(time: Clock) -> None:
    progress = Progress({"catalogue": 1, "train": 3}, time)
    progress.begin_job(1, "catalogue", "catalogue", None)
    time.now += 7
    job, seconds = progress.end_job(1, finished=True)
    assert (job.name, seconds) == ("catalogue", 7)
    assert progress.stages == [Stage("Pictures", 1, 1), Stage("Training", 0, 3)]
    assert (progress.share, progress.gone, progress.left) == (0.25, 7, None)


def test_with_earlier_times_long_jobs_count_more_and_the_time_left_is_known(time: Clock) -> None:
    progress = Progress({"catalogue": 1, "train": 1}, time)
    progress.know_earlier_times({"catalogue": 10, "train": 30})
    progress.begin_job(1, "catalogue", "catalogue", None)
    assert progress.left is None
    time.now += 20
    progress.end_job(1, finished=True)
    assert progress.share == 0.25
    # The machine is half as fast as before.
    assert progress.left == 60
    progress.begin_job(2, "train", "train-a", None)
    time.now += 15
    assert progress.share == pytest.approx(25 / 40)
    time.now += 1000
    assert progress.share == pytest.approx(37 / 40)


def test_a_failed_job_is_not_finished_and_may_begin_again(time: Clock) -> None:
    progress = Progress({"train": 1}, time)
    for finished in (False, True):
        progress.begin_job(1, "train", "train-a", None)
        assert list(progress.at_work) == [1]
        progress.end_job(1, finished)
        assert progress.stages == [Stage("Training", int(finished), 1)]
    assert progress.end_job(1, finished=True) is None


def test_jobs_that_a_checkpoint_adds_or_makes_unnecessary_change_the_totals(time: Clock) -> None:
    progress = Progress({"seal": 1, "train": 2, "report": 1}, time)
    progress.begin_job(1, "seal", "seal", None)
    progress.end_job(1, finished=True)
    progress.count_jobs(2)
    assert [stage.jobs for stage in progress.stages] == [1, 1]
    progress.begin_job(2, "evaluate", "evaluate-a", None)
    assert Stage("Evaluation", 0, 1) in progress.stages


def test_a_rule_without_a_stage_is_shown_last() -> None:
    assert [stage.name for stage in Progress({"mine": 1, "report": 1}).stages] == ["Report", "Other"]


def test_earlier_times_are_the_means_of_finished_jobs(tmp_path: Path) -> None:
    for name, last in {
        "train-a": json.dumps({"seconds": 10.0}),
        "train-b": json.dumps({"seconds": 20.0}),
        "train-c": "error: the disk is full",
        "seal-d": "5",
        "catalogue": "",
        "shortcut_features-raw": json.dumps({"seconds": 4}),
    }.items():
        (tmp_path / f"{name}.log").write_text(f"{json.dumps({'started': 'then'})}\n{last}")
    assert earlier_times(tmp_path) == {"train": 15, "shortcut_features": 4}
    assert earlier_times(tmp_path / "none") == {}


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (6.6, "0:07"), (750, "12:30"), (7500, "2:05:00")])
def test_times_are_written_as_on_a_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text
