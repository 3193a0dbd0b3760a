"""How far a run is: its stages, the share of its work that is done, and the time that is left.

This module knows nothing of Snakemake or of terminals.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import mean
from typing import NamedTuple

# The rules of each stage. Stages stand in the order in which most of them end.
STAGES: Mapping[str, tuple[str, ...]] = {
    "Pictures": (
        *(
            "draw_sample",
            "fetch",
            "fetch_dataset",
            "catalogue",
            "elsewhere_catalogue",
            "shortcut_features",
            "near_duplicates",
        ),
        *("shortcut_audit", "faces", "examples"),
    ),
    "Splits and arrays": (
        *("split", "leaks", "pixels", "external_pixels", "oversample", "corrupt", "picked_corrupt", "seal"),
        *("encode", "encode_corrupted", "encode_external", "encode_picked"),
        *("copies_examples", "corrupted_examples"),
    ),
    "Training": ("weights", "seal_weights", "train", "fit_head"),
    "Evaluation": (
        *("infer", "predictions", "evaluate", "compare", "recommend", "mistakes", "robustness", "arms", "art_or_file"),
        *("external_scores", "picked_scores", "picked_table"),
    ),
    "Explanation": ("latent", "embed", "explain", "regions"),
    "Report": (
        *("figures", "collection_figures", "cards", "claims", "provenance", "report", "checksums", "all"),
        *("export", "fetch_onnxruntime", "demo", "pdf", "onnx"),
    ),
}
_STAGE_OF = {rule: stage for stage, rules in STAGES.items() for rule in rules}
# The time left is shown once this share of the work is done; before, it would be a guess.
_ENOUGH = 0.02


class Stage(NamedTuple):
    """A stage of a run, with its number of finished jobs and of all its jobs."""

    name: str
    finished: int
    jobs: int


class Job(NamedTuple):
    """A job at work: its rule, the name of its log (without `.log`), the log, and when it began (seconds)."""

    rule: str
    name: str
    log: Path | None
    began: float


class Progress:
    """The progress of one run. All times are in seconds."""

    def __init__(self, jobs: Mapping[str, int], clock: Callable[[], float] = time.monotonic) -> None:
        """Begin a run that has so many jobs of each rule."""
        self.at_work: dict[int, Job] = {}
        self._jobs = Counter(jobs)
        self._finished: Counter[str] = Counter()
        self._earlier: Mapping[str, float] = {}
        self._clock = clock
        self._began = clock()

    def know_earlier_times(self, seconds: Mapping[str, float]) -> None:
        """Weigh the jobs of each rule by the mean time that they took in an earlier run."""
        self._earlier = seconds

    def begin_job(self, number: int, rule: str, name: str, log: Path | None) -> None:
        """Note that a job is at work. Rules that a checkpoint adds to the run are counted from their first job on."""
        self.at_work[number] = Job(rule, name, log, self._clock())
        running = sum(job.rule == rule for job in self.at_work.values())
        self._jobs[rule] = max(self._jobs[rule], self._finished[rule] + running)

    def end_job(self, number: int, finished: bool) -> tuple[Job, float] | None:
        """Note that a job ended, well or not; returns the job and its time, or None where it was not at work."""
        job = self.at_work.pop(number, None)
        if job is None:
            return None
        self._finished[job.rule] += finished
        return job, self._clock() - job.began

    def count_jobs(self, total: int) -> None:
        """Take jobs off that a checkpoint showed to be unnecessary, from the last stages first."""
        excess = self._jobs.total() - total
        for rule in [rule for rules in reversed(list(STAGES.values())) for rule in rules]:
            running = sum(job.rule == rule for job in self.at_work.values())
            unnecessary = max(0, min(excess, self._jobs[rule] - self._finished[rule] - running))
            self._jobs[rule] -= unnecessary
            excess -= unnecessary

    @property
    def stages(self) -> list[Stage]:
        """The stages that have jobs in this run."""
        finished, jobs = Counter[str](), Counter[str]()
        for rule, number in self._jobs.items():
            stage = _STAGE_OF.get(rule, "Other")
            jobs[stage] += number
            finished[stage] += self._finished[rule]
        return [Stage(name, finished[name], jobs[name]) for name in (*STAGES, "Other") if jobs[name]]

    @property
    def share(self) -> float:
        """The share of the run's work that is done, from 0 to 1: jobs count by their earlier times, if these are known.

        A job at work counts for the time that it has taken so far, and at most for nine tenths of its earlier time.
        """
        usual = mean(self._earlier.values()) if self._earlier else 1.0
        weights = {rule: self._earlier.get(rule, usual) for rule in self._jobs}
        total = sum(weights[rule] * number for rule, number in self._jobs.items())
        done = sum(weights[rule] * number for rule, number in self._finished.items())
        if self._earlier:
            now = self._clock()
            done += sum(min(now - job.began, 0.9 * weights[job.rule]) for job in self.at_work.values())
        return done / total if total else 1.0

    @property
    def gone(self) -> float:
        """The time since the run began."""
        return self._clock() - self._began

    @property
    def left(self) -> float | None:
        """The time that is left at the speed so far, or None if earlier times are unknown or too little is done."""
        share = self.share
        return self.gone * (1 - share) / share if self._earlier and _ENOUGH <= share < 1 else None


def earlier_times(folder: Path) -> dict[str, float]:
    """The mean time of each rule's jobs, in seconds, from the last lines of the logs in a folder.

    The name of a log begins with its rule, and the rule's wildcards follow: `train-cifake-32.log`.
    """
    times: dict[str, list[float]] = {}
    for log in folder.glob("*.log"):
        try:
            *_, last = log.read_text(encoding="utf-8", errors="replace").splitlines() or [""]
            seconds = json.loads(last)["seconds"]
        # The job failed, is at work again, or was stopped.
        except (OSError, ValueError, TypeError, KeyError):
            continue
        times.setdefault(log.stem.split("-")[0], []).append(float(seconds))
    return {rule: mean(values) for rule, values in times.items()}


def clock(seconds: float) -> str:
    """Hours, minutes and seconds as people write them: `0:07`, `12:30`, `2:05:00`."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
