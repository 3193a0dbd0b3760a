"""Augmented copies of pictures, as a split lists them: turned, zoomed and mirrored once, before training."""

import hashlib
from pathlib import Path

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

    Row k is row k of those with `copy` > 0, made of its picture in `pixels` [pictures, side, side, 3] of uint8, maybe
    memory-mapped. Returns the sha256 of the copies in hexadecimal, the same for any number of processes `jobs`.
    """
    wanted = split.loc[split["copy"] > 0, ["row", "angle", "flip", "zoom"]]
    blocks = [wanted.iloc[start : start + _BLOCK] for start in range(0, len(wanted), _BLOCK)]
    # Processes, because SciPy holds Python's lock; a memory-mapped array reaches them as the name of its file.
    made = Parallel(jobs, return_as="generator")(delayed(_copies)(pixels, block) for block in blocks)
    start = 0
    shape = (len(wanted), *pixels.shape[1:])
    with new_array(target, shape) as array, progress(len(wanted), "copies") as bar:
        for block in made:
            array[start : start + len(block)] = block
            start += len(block)
            bar.update(len(block))
        # The time of processes that have ended counts as that of their job.
        get_reusable_executor().shutdown()
        return hashlib.sha256(array).hexdigest()


def _copies(pixels: np.ndarray, wanted: pd.DataFrame) -> np.ndarray:
    return np.stack([copy(pixels[row.row], row.angle, row.flip, row.zoom) for row in wanted.itertuples()])


def copy(picture: np.ndarray, angle: float, flip: bool, zoom: float) -> np.ndarray:
    """A picture [side, side, 3] of uint8, turned by `angle` degrees counter-clockwise and zoomed, then mirrored if so.

    `zoom` is the share of the side that is seen: below 1 the picture grows, above 1 it shrinks. One linear resampling
    about the centre; what lies outside takes the colour of the nearest edge. The same as Keras's `ImageDataGenerator`
    with `rotation_range`, `horizontal_flip`, `zoom_range` and its default `fill_mode`, but that one zoom serves both
    axes, so that proportions stay.
    """
    sine, cosine = np.sin(np.deg2rad(angle)), np.cos(np.deg2rad(angle))
    # From a place in the copy to one in the picture, both from the centre; mirroring turns columns round.
    there = zoom * np.array([[cosine, sine], [-sine, cosine]]) @ np.diag([1, -1 if flip else 1])
    centre = np.full(2, (picture.shape[0] - 1) / 2)
    offset = centre - there @ centre
    channels = np.moveaxis(picture, 2, 0)
    return np.stack([affine_transform(channel, there, offset, order=1, mode="nearest") for channel in channels], axis=2)


def examples(
    pixels: np.ndarray, copies: np.ndarray, split: pd.DataFrame, *, rows: int = 6, across: int = 6, most: int = 4
) -> list[list[tuple[np.ndarray, str]]]:
    """Rows of pictures [side, side, 3] of uint8, each picture before at most `most` of its copies, and words for each.

    The originals are taken evenly over the split. A row holds several of them where they have few copies.
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
        [(pixels[row], "original"), *((copies[made.Index], _words(made)) for made in inside.itertuples())]
        for row, inside in shown.groupby("row")
    ]
    starts = range(0, len(groups), in_a_row)
    return [[pair for group in groups[start : start + in_a_row] for pair in group] for start in starts]


def _words(made: tuple) -> str:
    return f"{made.angle:+.0f}°, ×{1 / made.zoom:.2f}".replace("-", "−") + (", mirrored" if made.flip else "")
