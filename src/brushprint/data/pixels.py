"""The pixel arrays: all pictures decoded once, as one uint8 array for each size and filter."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from brushprint.core.atomic import replacing
from brushprint.data.catalogue import read_catalogued


def write_pixels(
    root: str | Path,
    catalogue: pd.DataFrame,
    target: str | Path,
    *,
    size: int,
    resize: str,
    jobs: int,
    harmonise: Mapping[str, Any] | None = None,
) -> str:
    """Decode every picture of the catalogue into an array [pictures, size, size, 3] of uint8 in a .npy file.

    Pictures are harmonised as `brushprint.data.catalogue.read_catalogued` says, and then become squares, see `square`.
    Row i is row i of the catalogue. Returns the sha256 of the pixels in hexadecimal, the same for any number of threads
    `jobs`. Raises `UserError` when the collection has changed since it was catalogued.
    """
    rows = {path: row for row, path in enumerate(catalogue["path"])}

    def resized(picture: Image.Image) -> np.ndarray:
        return square(picture, size, resize)

    with new_array(target, (len(rows), size, size, 3)) as array:
        title = f"pixels {size} {resize}"
        for path, pixels in read_catalogued(root, catalogue, resized, jobs, title, harmonise=harmonise):
            array[rows[path]] = pixels
        return hashlib.sha256(array.data).hexdigest()


def square(picture: Image.Image, size: int, resize: str) -> np.ndarray:
    """An RGB picture stretched to a square, as the published studies do, with the Pillow filter `resize`.

    Returns uint8 [size, size, 3].
    """
    return np.asarray(picture.resize((size, size), Image.Resampling[resize.upper()]))


@contextmanager
def new_array(target: str | Path, shape: tuple[int, ...]) -> Iterator[np.ndarray]:
    """A memory-mapped array of uint8 to fill, which becomes the .npy file `target` when the block ends."""
    with replacing(target) as part:
        array = np.lib.format.open_memmap(part, mode="w+", dtype=np.uint8, shape=shape)
        _allocate(part)
        yield array
        array.flush()


def _allocate(file: Path) -> None:
    """Reserve the room that a sparse file will need: on a full disk, a write to its map kills the process."""
    if hasattr(os, "posix_fallocate"):
        with file.open("r+b") as stream:
            os.posix_fallocate(stream.fileno(), 0, file.stat().st_size)
