"""The digests of all files of a run, in the form that `sha256sum --check` reads."""

from collections.abc import Iterable
from pathlib import Path

from brushprint.atomic import replacing
from brushprint.digest import remembered, sha256


def write_sums(files: Iterable[Path], target: Path) -> None:
    """Write a line a file, sorted by its path relative to the folder of `target`."""
    named = sorted((file.relative_to(target.parent).as_posix(), file) for file in files)
    with replacing(target) as part:
        part.write_text("".join(f"{sha256(file)}  {name}\n" for name, file in named), encoding="utf-8")


def differing(sums: Path, memory: Path) -> list[Path]:
    """The files that are there and are not what their line says; `memory` is that of `brushprint.digest.remembered`."""
    stated = {sums.parent / name: digest for name, digest in _lines(sums)}
    found = remembered([file for file in stated if file.is_file()], memory)
    return [file for file, digest in found.items() if digest != stated[file]]


def listed(sums: Path) -> set[str]:
    """The files that have a line, relative to the folder of `sums`; none when it is not there."""
    return {name for name, _ in _lines(sums)} if sums.exists() else set()


def _lines(sums: Path) -> list[tuple[str, str]]:
    lines = sums.read_text(encoding="utf-8").splitlines()
    return [(name, digest) for digest, _, name in (line.partition("  ") for line in lines)]
