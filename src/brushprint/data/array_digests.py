"""Digest files of arrays, and the seal that identifies the split and the arrays of a variant.

Each array of pictures has a digest file beside it. The file is JSON with two digests: `pixels`, of the array's content,
and `made_from`, of everything that determines the content. A seal holds the digests of a split and of the arrays that
belong to it.
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
    """Write the digest file of an array: the SHA-256 of its `pixels`, and a digest of all that determines them."""
    write_json({"pixels": pixels, "made_from": made_from}, target)


def write_seal(split: pd.DataFrame, digests: Mapping[str, str | Path], target: str | Path) -> None:
    """Write the seal of a split and its arrays. `digests` maps the names of arrays to their digest files."""
    # Hash the content of the table: the bytes of its file depend on the version of the library that wrote it.
    content = split.to_csv(index=False).encode()
    sealed = {name: _read(digest)["pixels"] for name, digest in digests.items()}
    write_json({"split": hashlib.sha256(content).hexdigest(), **sealed}, target)


def open_array(array: str | Path, seal: str | Path, name: str = "pixels") -> np.ndarray:
    """Memory-map a .npy file that has its digest file beside it.

    `name` is the array's name in the seal: `pixels` and `copies` are uint8 [pictures, side, side, 3], `encoded` is
    float32 [pictures, features]. Raises `UserError` if the seal belongs to another array.
    """
    if _read(_digest_file(array)).get("pixels") != _read(seal)[name]:
        raise UserError(f"{array} and {seal} come from different runs: delete the folder scratch/ and run again")
    return np.load(array, mmap_mode="r")


def restore_array(array: Path, made_from: str) -> None:
    """Put the array with the digest `made_from` at the path `array`, if the folder contains it.

    A different array at that path is renamed, and only the most recently renamed one is kept. The scratch folder is not
    versioned: if somebody checks out results of other settings or code, the folder still holds the arrays of the last
    run. Snakemake must not use those arrays for the results that were checked out.
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
    """Add the digest `present` to both file names; delete files renamed earlier unless their digest is in `kept`."""
    for file in (array, digest):
        for older in set(file.parent.glob(f"{file.stem}-*{file.suffix}")) - {_aside(file, key) for key in kept}:
            older.unlink()
        if file.exists() and present:
            file.replace(_aside(file, present))
        # If the digest file is damaged, nothing shows what the array was made from.
        file.unlink(missing_ok=True)


def _digest_file(array: str | Path) -> Path:
    return Path(array).with_suffix(".json")


def _aside(file: Path, made_from: str) -> Path:
    return file.with_stem(f"{file.stem}-{made_from[:12]}")


def _read(file: str | Path) -> dict[str, str]:
    """Return the content of a digest file or a seal, or an empty dict if the file is damaged."""
    try:
        content = json.loads(Path(file).read_text(encoding="utf-8"))
    except ValueError:
        content = {}
    return content if isinstance(content, dict) else {}
