"""Checks before the first job of a run: folders are writable, networks can be built, and no other run is active."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from brushprint.core import locks
from brushprint.core.atomic import disk_full, replacing
from brushprint.core.digest import key
from brushprint.core.errors import UserError
from brushprint.models.recipe import EncoderRecipe
from brushprint.workflow.plan import Plan
from brushprint.workflow.sources import check_weights

LOCK = Path("scratch/run.lock")
# A link to the environment of this process; see `python_for_shells`.
ENVIRONMENT = Path("scratch/environment")


def check(plan: Plan, code: Iterable[str]) -> None:
    """Check the files of pretrained weights and the networks; see `check_weights` and `check_networks` for errors."""
    check_weights(plan.weights.values())
    check_networks(plan, code)


def python_for_shells() -> str:
    """A path of this process's Python that a shell reads as one word, whatever folders the environment lies in.

    It is relative to the working folder. If blanks or quotes remain, it leads through a link in the scratch folder.
    """
    python = os.path.relpath(sys.executable)
    if shlex.quote(python) == python:
        return python
    folder = Path(sys.executable).absolute().parent
    if ENVIRONMENT.is_symlink() and ENVIRONMENT.readlink() != folder.parent:
        ENVIRONMENT.unlink()
    if not ENVIRONMENT.is_symlink():
        ENVIRONMENT.parent.mkdir(exist_ok=True)
        ENVIRONMENT.symlink_to(folder.parent)
    return str(ENVIRONMENT / folder.name / Path(sys.executable).name)


def check_folders(plan: Plan) -> None:
    """Raise `UserError` for a folder that this user may not write to, or whose disk is full."""
    for folder in _written_to(plan):
        if not os.access(folder, os.W_OK | os.X_OK):
            raise UserError(f"{folder}: this user may not write there; change its owner or permissions")
        if disk_full(folder):
            raise UserError(f"the disk is full: no room in {folder}; free some space and run again")


def _written_to(plan: Plan) -> Iterator[Path]:
    """The folders that a run writes to; for a folder that does not exist yet, its nearest existing parent."""
    written = [Path(name) for name in (plan.results, plan.records, plan.scratch, plan.logs, plan.exports)]
    others = [Path(".snakemake")] if plan.config.collection.kind == "local" else [Path(".snakemake"), Path("data")]
    for folder in written + others:
        yield next(path for path in (folder, *folder.absolute().parents) if path.exists())
    for folder in written:
        yield from folder.rglob("*/")


def check_slurm(plan: Plan) -> None:
    """Raise `UserError` if the settings request several nodes and Slurm is not installed.

    Call it when jobs start: a dry run needs no Slurm, and while the rules are read, nothing distinguishes a dry run.
    """
    if plan.config.nodes > 1 and not shutil.which("srun"):
        raise UserError("nodes: several nodes need Slurm, and there is no srun here; set nodes: 1")


def check_networks(plan: Plan, code: Iterable[str]) -> None:
    """Raise `UserError` for layers and image sizes that only the networks themselves can refuse.

    The check imports torch in a separate process. It is repeated only if a recipe, the number of processes or `code`,
    the code that training depends on, has changed.
    """
    recipes = {name: plan.variants[name].recipe for name in plan.names}
    doubtful = {
        name: recipe.model_dump()
        for name, recipe in recipes.items()
        if isinstance(recipe, EncoderRecipe)
        or ("/" in recipe.architecture or recipe.trainable_layers or recipe.fine_tuning or recipe.compile)
    }
    question = {"recipes": doubtful, "processes": plan.processes}
    cache, asked = Path(f"{plan.scratch}/digests/networks.json"), json.dumps(key([*code, question]))
    if not doubtful or (cache.exists() and cache.read_text(encoding="utf-8") == asked):
        return
    command = [sys.executable, "-m", "brushprint.models.check"]
    check = subprocess.run(command, input=json.dumps(question), text=True, capture_output=True, check=False)
    if check.returncode:
        raise UserError(check.stderr.strip())
    with replacing(cache) as part:
        part.write_text(asked, encoding="utf-8")


def join() -> tuple[TextIO, bool | None]:
    """Hold the lock of this checkout until the stream is closed; see `brushprint.core.locks.join`.

    The system releases the lock when a run ends, even if the run is killed, so it replaces Snakemake's own locks.
    """
    return locks.join(LOCK)
