"""Augmented copies of pictures, as a split lists them: turned, zoomed and mirrored once, before training."""

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

_BLOCK = 64  # copies that a process makes at a time


def write_copies(pixels: np.ndarray, split: pd.DataFrame, target: str | Path, *, jobs: int) -> str:
    """Write the copies of a split to an array [copies, side, side, 3] of uint8 in a .npy file.

    Row k of the array is the k-th row of the split with `copy` > 0. `pixels`, uint8 [pictures, side, side, 3], holds
    the originals and may be memory-mapped. Returns the sha256 of the copies in hexadecimal, the same for any number of
    processes `jobs`.
    """
    wanted = split.loc[split["copy"] > 0, ["row", "angle", "flip", "zoom"]]
    blocks = [wanted.iloc[start : start + _BLOCK] for start in range(0, len(wanted), _BLOCK)]
    # Processes, because SciPy holds Python's lock; a memory-mapped array reaches them as the name of its file.
    copied = Parallel(jobs, return_as="generator")(delayed(_copies)(pixels, block) for block in blocks)
    start = 0
    shape = (len(wanted), *pixels.shape[1:])
    with new_array(target, shape) as array, progress(len(wanted), "copies") as bar:
        for block in copied:
            array[start : start + len(block)] = block
            start += len(block)
            bar.update(len(block))
        # Processes count towards the time of their job once they have ended.
        get_reusable_executor().shutdown()
        return hashlib.sha256(array.data).hexdigest()


def _copies(pixels: np.ndarray, wanted: pd.DataFrame) -> np.ndarray:
    return np.stack([augmented_copy(pixels[row.row], row.angle, row.flip, row.zoom) for row in wanted.itertuples()])


def augmented_copy(picture: np.ndarray, angle: float, flip: bool, zoom: float) -> np.ndarray:
    """Turn a picture by `angle` degrees counter-clockwise, zoom it, and mirror it if `flip`.

    `picture` and the result are uint8 [side, side, 3]. `zoom` is the share of the side that the copy shows: below 1 the
    picture grows, above 1 it shrinks. There is one linear resampling about the centre; what lies outside of the picture
    takes the colour of the nearest edge. The result equals that of Keras's `ImageDataGenerator` with `rotation_range`,
    `horizontal_flip`, `zoom_range` and its default `fill_mode`, except that one zoom serves both axes, so that
    proportions stay.
    """
    sine, cosine = np.sin(np.deg2rad(angle)), np.cos(np.deg2rad(angle))
    # The matrix leads from a place in the copy to one in the picture, both from the centre; mirroring reverses columns.
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
    """Originals of a split with their copies beside them, for a figure.

    Parameters
    ----------
    pixels, copies : uint8 [pictures, side, side, 3] and [copies, side, side, 3], see `write_copies`
    split : see `brushprint.data.split`
    rows, across : how many rows there are, and pictures in each, at most
    most : how many copies an original is shown with, at most

    Returns rows of pictures [side, side, 3] with a caption each: an original, its copies, and where a row has room for
    them further originals with their copies. The originals are taken evenly over the split.
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
    """How the copy in a row of a split (a named tuple) was made."""
    return f"{copy.angle:+.0f}°, ×{1 / copy.zoom:.2f}".replace("-", "−") + (", mirrored" if copy.flip else "")
