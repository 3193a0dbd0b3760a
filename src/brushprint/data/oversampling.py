"""Augmented copies of pictures, as listed in a split: rotated, zoomed and mirrored once, before training."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from joblib.externals.loky import get_reusable_executor
from scipy.ndimage import affine_transform

from brushprint.core.job_log import progress
from brushprint.data.pixels import new_array

_BLOCK = 64  # number of copies that a process makes at a time


def write_copies(pixels: np.ndarray, split: pd.DataFrame, target: str | Path, *, jobs: int) -> str:
    """Write the augmented copies of a split to a .npy file, uint8 [copies, side, side, 3].

    Row k of the array is the k-th row of the split with `copy` > 0. `pixels`, uint8 [pictures, side, side, 3], holds
    the originals and may be memory-mapped. Returns the SHA-256 digest of the copies in hexadecimal. The digest does not
    depend on the number of processes, `jobs`.
    """
    wanted = split.loc[split["copy"] > 0, ["row", "angle", "flip", "zoom"]]
    blocks = [wanted.iloc[start : start + _BLOCK] for start in range(0, len(wanted), _BLOCK)]
    # Use processes, because SciPy holds Python's global interpreter lock and would block other threads. A memory-mapped
    # array is passed to them as the name of its file.
    copied = Parallel(jobs, return_as="generator")(delayed(_copies)(pixels, block) for block in blocks)
    start = 0
    shape = (len(wanted), *pixels.shape[1:])
    with new_array(target, shape) as array, progress(len(wanted), "copies") as bar:
        for block in copied:
            array[start : start + len(block)] = block
            start += len(block)
            bar.update(len(block))
        # The processor time of worker processes counts towards their job only after they have ended.
        get_reusable_executor().shutdown()
        return hashlib.sha256(array.data).hexdigest()


def _copies(pixels: np.ndarray, wanted: pd.DataFrame) -> np.ndarray:
    return np.stack([augmented_copy(pixels[row.row], row.angle, row.flip, row.zoom) for row in wanted.itertuples()])


def augmented_copy(picture: np.ndarray, angle: float, flip: bool, zoom: float) -> np.ndarray:
    """Rotate a picture by `angle` degrees counter-clockwise, zoom it, and mirror it left to right if `flip`.

    `picture` and the result are uint8 [side, side, 3]. `zoom` is the share of the side that the copy shows: below 1 the
    picture is enlarged, above 1 it is reduced. The picture is resampled once, linearly, about its centre. Pixels
    outside the picture take the colour of the nearest edge. The result equals that of Keras's `ImageDataGenerator` with
    `rotation_range`, `horizontal_flip`, `zoom_range` and its default `fill_mode`, except that both axes have the same
    zoom, which keeps the proportions.
    """
    sine, cosine = np.sin(np.deg2rad(angle)), np.cos(np.deg2rad(angle))
    # The matrix maps a position in the copy to one in the picture, both relative to the centre. Mirroring reverses the
    # columns.
    matrix = zoom * np.array([[cosine, sine], [-sine, cosine]]) @ np.diag([1, -1 if flip else 1])
    centre = np.full(2, (picture.shape[0] - 1) / 2)
    offset = centre - matrix @ centre
    channels = np.moveaxis(picture, 2, 0)
    return np.stack(
        [affine_transform(channel, matrix, offset, order=1, mode="nearest") for channel in channels], axis=2
    )


def examples(
    pixels: np.ndarray, copies: np.ndarray, split: pd.DataFrame, *, rows: int = 6, across: int = 6, most: int = 4
) -> list[list[tuple[np.ndarray, str]]]:
    """Originals of a split, each followed by its copies, for a figure.

    Parameters
    ----------
    pixels, copies : uint8 [pictures, side, side, 3] and [copies, side, side, 3], see `write_copies`
    split : see `brushprint.data.split`
    rows, across : maximum number of rows, and of pictures in each row
    most : maximum number of copies shown with an original

    Returns rows of pictures [side, side, 3], each picture with a caption. A row holds an original and its copies; if it
    has room, further originals with their copies follow. The originals are taken evenly from the split.
    """
    copied = split[split["copy"] > 0].reset_index(drop=True)
    for beside in range(most, 0, -1):
        able = copied.loc[copied["copy"] == beside, "row"].to_numpy()
        in_a_row = max(1, across // (1 + beside))
        if len(able) >= min(rows * in_a_row, copied["row"].nunique()):
            break
    chosen = able[np.linspace(0, len(able) - 1, min(len(able), rows * in_a_row)).round().astype(int)]
    shown = copied[copied["row"].isin(chosen) & (copied["copy"] <= beside)]
    groups = [
        [(pixels[row], "original"), *((copies[copy.Index], _caption(copy)) for copy in inside.itertuples())]
        for row, inside in shown.groupby("row")
    ]
    starts = range(0, len(groups), in_a_row)
    return [[pair for group in groups[start : start + in_a_row] for pair in group] for start in starts]


def _caption(copy: Any) -> str:
    """Describe how a copy was made; `copy` is its row of a split, as a named tuple."""
    return f"{copy.angle:+.0f}°, ×{1 / copy.zoom:.2f}".replace("-", "−") + (", mirrored" if copy.flip else "")
