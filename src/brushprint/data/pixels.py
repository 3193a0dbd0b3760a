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
from brushprint.core.views import crops_across
from brushprint.data.catalogue import read_catalogued

Box = tuple[int, int, int, int]


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

    Pictures are harmonised as described in `brushprint.data.catalogue.read_catalogued`, and then made squares by
    `square`. Row i of the array is row i of the catalogue. Returns the SHA-256 digest of the pixels in hexadecimal.
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
    """Make an RGB picture a square, uint8 [size, size, 3].

    `resize` is a Pillow filter that stretches the picture, as the published studies do, or cuts crops at the picture's
    own resolution: `crop` one from the middle; `crops-2x2` and `crops-3x3` several of `size` / 2 or 3 pixels a side,
    evenly spread over the picture, side by side. A picture that is smaller than a crop is continued by its mirror image
    at each side.
    """
    if not resize.startswith("crop"):
        return np.asarray(picture.resize((size, size), Image.Resampling[resize.upper()]))
    rows = [np.hstack([_cut(picture, box) for box in row]) for row in boxes(picture.size, size, resize)]
    return np.vstack(rows)


def boxes(picture: tuple[int, int], size: int, resize: str) -> list[list[Box]]:
    """The parts of a picture that `square` puts side by side, row by row: (left, top, right, bottom), in pixels.

    `picture` holds width and height. A filter takes the whole picture. The box of a crop extends beyond a picture that
    is smaller.
    """
    if not resize.startswith("crop"):
        return [[(0, 0, *picture)]]
    across = crops_across(resize)
    side = size // across
    lefts, tops = (_starts(length, side, across) for length in picture)
    return [[(left, top, left + side, top + side) for left in lefts] for top in tops]


def _starts(length: int, side: int, number: int) -> list[int]:
    """The first pixels of crops of `side` pixels along a picture's side; negative if the picture is smaller."""
    if length <= side or number == 1:
        return [(length - side) // 2] * number
    return [place * (length - side) // (number - 1) for place in range(number)]


def _cut(picture: Image.Image, box: Box) -> np.ndarray:
    left, top, right, bottom = box
    part = picture.crop((max(0, left), max(0, top), min(picture.width, right), min(picture.height, bottom)))
    beyond = [(max(0, -top), max(0, bottom - picture.height)), (max(0, -left), max(0, right - picture.width)), (0, 0)]
    return np.pad(np.asarray(part), beyond, mode="symmetric")


@contextmanager
def new_array(target: str | Path, shape: tuple[int, ...], dtype: type = np.uint8) -> Iterator[np.ndarray]:
    """Yield a memory-mapped array to fill; it becomes the .npy file `target` when the block ends."""
    with replacing(target) as part:
        array = np.lib.format.open_memmap(part, mode="w+", dtype=dtype, shape=shape)
        _allocate(part)
        yield array
        array.flush()


def _allocate(file: Path) -> None:
    """Reserve the disk space of a sparse file: on a full disk, writing to its memory map would kill the process."""
    if hasattr(os, "posix_fallocate"):
        with file.open("r+b") as stream:
            os.posix_fallocate(stream.fileno(), 0, file.stat().st_size)
