"""A seal vouches for the split, the pixels and the augmented copies of a variant by their digests."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from brushprint.core.errors import UserError
from brushprint.core.tables import write_json


def write_pixels_digest(target: str | Path, *, pixels: str, made_from: str) -> None:
    """Write the digest file of an array: the sha256 of its `pixels`, and a digest of all that decides them."""
    write_json({"pixels": pixels, "made_from": made_from}, target)


def write_seal(split: pd.DataFrame, digests: Mapping[str, str | Path], target: str | Path) -> None:
    """Seal a split and the arrays of digest files: its `pixels`, and its `copies` where it has any."""
    # The content of the table, not of its file, which changes with the version of its writer.
    content = split.to_csv(index=False).encode()
    sealed = {name: _read(digest)["pixels"] for name, digest in digests.items()}
    write_json({"split": hashlib.sha256(content).hexdigest(), **sealed}, target)


def open_pixels(array: str | Path, seal: str | Path, name: str = "pixels") -> np.ndarray:
    """Map the pixels [pictures, side, side, 3] of uint8 in a .npy file that has its digest file beside it.

    `name` is what the seal calls them: `pixels` or `copies`. Raises `UserError` when the seal is of others.
    """
    if _read(_digest_file(array)).get("pixels") != _read(seal)[name]:
        raise UserError(f"{array} belongs to another run than {seal}: delete the folder scratch/ and run again")
    return np.load(array, mmap_mode="r")


def recall_pixels(array: Path, made_from: str) -> None:
    """Put the pixels made from `made_from` in their place, if they are in the folder; set others aside, the last alone.

    The scratch folder is not versioned: where results of other settings or code are checked out, it holds the pixels
    of those that were run last. Snakemake must not take them for the pixels of the results.
    """
    digest = _digest_file(array)
    if digest.exists():
        found = _read(digest).get("made_from")
        if found == made_from:
            return
        kept = [key for key in (found, made_from) if key]
        for file in (array, digest):
            for older in set(file.parent.glob(f"{file.stem}-*{file.suffix}")) - {_aside(file, key) for key in kept}:
                older.unlink()
            if file.exists() and found:
                file.replace(_aside(file, found))
            # A damaged digest file vouches for nothing.
            file.unlink(missing_ok=True)
    for file in (array, digest):
        if _aside(file, made_from).exists():
            _aside(file, made_from).replace(file)


def _digest_file(array: str | Path) -> Path:
    return Path(array).with_suffix(".json")


def _aside(file: Path, made_from: str) -> Path:
    return file.with_stem(f"{file.stem}-{made_from[:12]}")


def _read(file: str | Path) -> dict[str, str]:
    try:
        content = json.loads(Path(file).read_text(encoding="utf-8"))
    except ValueError:
        content = {}
    return content if isinstance(content, dict) else {}
