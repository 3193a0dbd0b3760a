"""The commands `brushprint verify`, which reproduces the results of a commit, and `brushprint publish`.

Further arguments of the commands are passed to Snakemake.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from brushprint.core.digest import sha256
from brushprint.core.errors import UserError
from brushprint.workflow.checksums import read_sums

RESULTS = Path("results")


def verify(arguments: list[str]) -> str:
    """Run this commit from scratch in another folder, on one core, and compare each file with those under `results/`.

    Returns the message to print if all files are identical, byte for byte. Raises `UserError` with one line for each
    file that differs, or if the run fails or something is not committed.
    """
    _committed()
    with tempfile.TemporaryDirectory(prefix="verify-", dir=_made("scratch")) as folder:
        clone = Path(folder, "brushprint")
        _run("git", "clone", "--quiet", ".", str(clone))
        _link_pictures(clone / "data")
        print(f"running this commit from scratch in {clone}, on one core …", file=sys.stderr, flush=True)
        source = {"PYTHONPATH": str(clone.absolute() / "src")}
        command = ("snakemake", "--cores", "1", *arguments)
        if subprocess.run(command, cwd=clone, env=os.environ | source, check=False).returncode:
            raise UserError("this commit does not run from scratch; the error is above")
        names = [path.name for path in (clone / RESULTS).iterdir()]
        if mistakes := [line for name in names for line in differences(RESULTS / name, clone / RESULTS / name)]:
            raise UserError("\n".join(mistakes))
        return f"{sum(len(_files(RESULTS / name)) for name in names)} files are identical, byte for byte"


def differences(here: Path, there: Path) -> list[str]:
    """An error line for each file that differs between two folders of results, or that only one of them has."""
    ours, theirs = _files(here), _files(there)
    return [
        *(f"{here / name}: this commit produces it, but it is missing here" for name in sorted(theirs - ours)),
        *(f"{here / name}: this commit does not produce it" for name in sorted(ours - theirs)),
        *(
            f"{here / name}: this commit produces other bytes"
            for name in sorted(ours & theirs)
            if (here / name).read_bytes() != (there / name).read_bytes()
        ),
    ]


def publish(arguments: list[str]) -> str:
    """Store the results of this commit with DVC and commit `dvc.lock`.

    Returns the message to print. Raises `UserError` if something is not committed, if results are stale, unfinished or
    left over from other settings, or if DVC has no default remote.
    """
    _committed()
    if subprocess.run(("dvc", "remote", "default"), capture_output=True, check=False).returncode:
        raise UserError("there is no DVC remote; add one with `dvc remote add --default store path/to/store`")
    if "Nothing to be done" not in _run("snakemake", "--dry-run", *arguments):
        raise UserError("the results are out of date: `snakemake -n` lists what would run, and `make results` runs it")
    for folder in RESULTS.iterdir():
        stated = {Path(file): digest for file, digest in read_sums(folder / "SHA256SUMS").items()}
        found = {folder / name for name in _files(folder) - {"SHA256SUMS"}}
        if left := sorted(found - set(stated)):
            raise UserError(f"{left[0]} and {len(left) - 1} more are left over from other settings; delete them")
        if wrong := sorted(file for file, digest in stated.items() if file not in found or sha256(file) != digest):
            raise UserError(f"{wrong[0]} and {len(wrong) - 1} more differ from SHA256SUMS; run again")
    _run("dvc", "commit", "--force")
    _run("dvc", "push")
    _run("git", "add", "dvc.lock")
    if not _run("git", "diff", "--cached", "--name-only"):
        return "these results are published already"
    commit = _run("git", "rev-parse", "--short", "HEAD")
    _run("git", "commit", "--quiet", "--message", f"Results of {commit}")
    return f"the results of {commit} are stored, and dvc.lock is committed; now `git push`"


def _committed() -> None:
    # An earlier push that failed leaves an uncommitted dvc.lock, which this call of the command commits.
    if changed := _run("git", "status", "--porcelain", "--", ".", ":!dvc.lock").splitlines():
        raise UserError(f"{changed[0][3:]} and {len(changed) - 1} more are not committed; commit or stash them first")


def _run(*command: str, **options: Any) -> str:
    """Run a command and return its output. Raises `UserError` with the last error line of the output if it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)
    said = done.stdout.rstrip()
    if done.returncode:
        wrong = [line for line in said.splitlines() if "error" in line.lower()] or said.splitlines()
        raise UserError(f"`{' '.join(command[:2])}` failed: {wrong[-1] if wrong else 'no reason given'}")
    return said


def _files(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


def _link_pictures(data: Path) -> None:
    """Link local pictures and weights into the clone, which lacks them. The clone makes or downloads archives again."""
    data.mkdir(exist_ok=True)
    for path in Path("data").glob("*"):
        if ".archive" not in path.name and not (data / path.name).exists():
            (data / path.name).symlink_to(path.absolute())


def _made(folder: str) -> Path:
    Path(folder).mkdir(exist_ok=True)
    return Path(folder)
