"""Helpers that the benchmarks share: timing, tables, a copy of this repository, and a description of the machine."""

import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from pathlib import Path

import yaml

from brushprint.data.sample import draw_sample
from brushprint.models.recipe import Recipe

REPOSITORY = Path(__file__).parent.parent
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def turns(ways: Mapping[str, Callable[[], object]], repeats: int, warm: int = 1) -> dict[str, float]:
    """Median seconds of each of `ways` over `repeats` turns, after `warm` turns that are not counted.

    In each turn, every way runs once, so that other load on the machine slows all of them alike. Each turn starts with
    another way.
    """
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    names = list(ways)
    for turn in range(warm + repeats):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            start = time.perf_counter()
            ways[name]()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(taken[warm:]) for name, taken in seconds.items()}


def table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table."""
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def number(value: float) -> str:
    """A number with three digits; from 100 on, without decimals."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def recipe(name: str, **changes: object) -> Recipe:
    """A published recipe with some keys changed."""
    published = yaml.safe_load((REPOSITORY / "config/recipes.yaml").read_text(encoding="utf-8"))["recipes"]
    return Recipe(**published[name] | changes)


def labels() -> list[dict]:
    """The rules that label the folders of the embedded sample."""
    return yaml.safe_load((REPOSITORY / "config/config.yaml").read_text(encoding="utf-8"))["collection"]["labels"]


def sample(target: Path, *, train: int, test: int) -> None:
    """Draw the embedded sample; see `brushprint.data.sample.draw_sample`."""
    draw_sample(target, train=train, test=test, seed=0, jobs=CORES if train > 100 else 1)


def copy_repository(target: Path) -> None:
    """Copy the files of this repository, uncommitted changes included, into a new repository with one commit."""
    names = subprocess.check_output(["git", "ls-files", "-co", "--exclude-standard"], cwd=REPOSITORY, text=True)
    for name in filter(lambda name: (REPOSITORY / name).is_file(), names.splitlines()):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(REPOSITORY / name, target / name)
    commit = ["commit", "--quiet", "-m", "copy"]
    for command in (["init", "--quiet"], ["add", "--all"], ["-c", "user.name=b", "-c", "user.email=b@b", *commit]):
        subprocess.run(["git", *command], cwd=target, check=True)


def snakemake(project: Path, *arguments: str) -> str:
    """Run Snakemake in a copy; its output. Raises `RuntimeError` with the output if Snakemake fails."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["snakemake", "--cores", str(CORES), *arguments],
        cwd=project,
        env=os.environ | {"PATH": path, "PYTHONPATH": str(project / "src")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stdout)
    return done.stdout


def machine() -> str:
    """One line with the processor, the torch version and the commit that a table was measured with."""
    said = Path("/proc/cpuinfo")
    models = (
        [line.split(":")[1].strip() for line in said.read_text().splitlines() if line.startswith("model name")]
        if (said.exists())
        else []
    )
    commit = subprocess.check_output(["git", "rev-parse", "--short", "HEAD"], cwd=REPOSITORY, text=True).strip()
    changed = subprocess.check_output(
        ["git", "status", "--porcelain", "src", "workflow", "config", "benchmarks"], cwd=REPOSITORY, text=True
    )
    cores = f"{CORES} core{'s' * (CORES > 1)}"
    about = [models[0] if models else platform.processor(), cores, f"torch {version('torch')}"]
    return f"{', '.join(about)}, commit {commit}{' with changes' if changed else ''}."
