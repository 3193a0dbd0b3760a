"""The pixel arrays: every picture is decoded once into a uint8 array for each size and resize filter."""

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
    """Decode every picture of the catalogue into a .npy file, uint8 [pictures, size, size, 3].

    Pictures are harmonised as described in `brushprint.data.catalogue.read_catalogued`, and then stretched to squares
    by `square`. Row i of the array is row i of the catalogue. Returns the SHA-256 digest of the pixels in hexadecimal.
    The digest does not depend on the number of threads, `jobs`. Raises `UserError` if the collection has changed since
    it was catalogued.
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
    """Stretch an RGB picture to a square with the Pillow filter `resize`, as the published studies do.

    Returns uint8 [size, size, 3].
    """
    return np.asarray(picture.resize((size, size), Image.Resampling[resize.upper()]))


@contextmanager
def new_array(target: str | Path, shape: tuple[int, ...]) -> Iterator[np.ndarray]:
    """Yield a memory-mapped uint8 array to fill; it becomes the .npy file `target` when the block ends."""
    with replacing(target) as part:
        array = np.lib.format.open_memmap(part, mode="w+", dtype=np.uint8, shape=shape)
        _allocate(part)
        yield array
        array.flush()


def _allocate(file: Path) -> None:
    """Reserve the disk space of a sparse file: on a full disk, writing to its memory map would kill the process."""
    if hasattr(os, "posix_fallocate"):
        with file.open("r+b") as stream:
            os.posix_fallocate(stream.fileno(), 0, file.stat().st_size)
