"""The digests of all files of a run, in the form that `sha256sum --check` reads."""

from collections.abc import Iterable
from pathlib import Path

from brushprint.core.atomic import replacing
from brushprint.core.digest import sha256


def write_sums(files: Iterable[Path], target: Path) -> None:
    """Write one line for each file, sorted by the path relative to the folder of `target`."""
    named = sorted((file.relative_to(target.parent).as_posix(), file) for file in files)
    with replacing(target) as part:
        part.write_text("".join(f"{sha256(file)}  {name}\n" for name, file in named), encoding="utf-8")


def read_sums(sums: Path) -> dict[str, str]:
    """The digest of each listed file, by its path, which begins with the folder of `sums`; empty if `sums` is missing.

    Lines that are not in the form of a checksum tool are skipped.
    """
    if not sums.exists():
        return {}
    lines = sums.read_text(encoding="utf-8", errors="replace").splitlines()
    pairs = (line.split("  ", 1) for line in lines if "  " in line)
    return {str(sums.parent / name): digest for digest, name in pairs}
