"""Digest files of arrays, and the seal that vouches for the split and the arrays of a variant.

An array of pictures has a digest file beside it, JSON with two digests: `pixels` of its content, and `made_from` of all
that decides its content. A seal holds the digests of a split and of the arrays that belong to it.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from brushprint.core.errors import UserError
from brushprint.core.tables import write_json


def write_array_digest(target: str | Path, *, pixels: str, made_from: str) -> None:
    """Write the digest file of an array: the sha256 of its `pixels`, and a digest of all that decides them."""
    write_json({"pixels": pixels, "made_from": made_from}, target)


def write_seal(split: pd.DataFrame, digests: Mapping[str, str | Path], target: str | Path) -> None:
    """Write the seal of a split and of its arrays, whose digest files `digests` gives by name (`pixels`, `copies`)."""
    # The content of the table, not of its file, which changes with the version of its writer.
    content = split.to_csv(index=False).encode()
    sealed = {name: _read(digest)["pixels"] for name, digest in digests.items()}
    write_json({"split": hashlib.sha256(content).hexdigest(), **sealed}, target)


def open_pixels(array: str | Path, seal: str | Path, name: str = "pixels") -> np.ndarray:
    """Map the pixels [pictures, side, side, 3] of uint8 in a .npy file that has its digest file beside it.

    `name` is the array's name in the seal: `pixels` or `copies`. Raises `UserError` when the seal is of another array.
    """
    if _read(_digest_file(array)).get("pixels") != _read(seal)[name]:
        raise UserError(f"{array} belongs to another run than {seal}: delete the folder scratch/ and run again")
    return np.load(array, mmap_mode="r")


def restore_array(array: Path, made_from: str) -> None:
    """Put the array made from `made_from` in its place, if the folder has it; set another aside, the last one alone.

    The scratch folder is not versioned. After results of other settings or code are checked out, it still holds the
    arrays of the last run, which Snakemake must not take for those of the results.
    """
    digest = _digest_file(array)
    if digest.exists():
        present = _read(digest).get("made_from")
        if present == made_from:
            return
        _set_aside(array, digest, present, kept=[key for key in (present, made_from) if key])
    for file in (array, digest):
        if _aside(file, made_from).exists():
            _aside(file, made_from).replace(file)


def _set_aside(array: Path, digest: Path, present: str | None, kept: list[str]) -> None:
    """Rename the array and its digest file after `present`, and delete those set aside but for the `kept` ones."""
    for file in (array, digest):
        for older in set(file.parent.glob(f"{file.stem}-*{file.suffix}")) - {_aside(file, key) for key in kept}:
            older.unlink()
        if file.exists() and present:
            file.replace(_aside(file, present))
        # A damaged digest file vouches for nothing.
        file.unlink(missing_ok=True)


def _digest_file(array: str | Path) -> Path:
    return Path(array).with_suffix(".json")


def _aside(file: Path, made_from: str) -> Path:
    return file.with_stem(f"{file.stem}-{made_from[:12]}")


def _read(file: str | Path) -> dict[str, str]:
    """The content of a digest file or a seal; a damaged one is empty."""
    try:
        content = json.loads(Path(file).read_text(encoding="utf-8"))
    except ValueError:
        content = {}
    return content if isinstance(content, dict) else {}
