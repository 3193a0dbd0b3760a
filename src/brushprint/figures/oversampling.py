"""The figure of oversampling: pictures beside their augmented copies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brushprint.figures.declaration import CollectionGroup, draws
from brushprint.figures.style import new_figure, save_figure, say_instead

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    import pandas as pd


@draws(
    "copies-{split}.jpg",
    title="Augmented copies",
    alt="Rows of pictures, each picture followed by its augmented copies, which are rotated, zoomed or mirrored.",
    caption="Pictures of the split and augmented copies of them, which make the numbers of human and AI pictures "
    "equal. Each copy is labelled with its rotation, its zoom and whether it is mirrored. Copies are used for training "
    "and validation only.",
    group=CollectionGroup.PICTURES,
)
def augmented_copies(
    split: pd.DataFrame, pixels: np.ndarray, copies: np.ndarray, oversample: Mapping[str, float], target: Path
) -> None:
    """Draw pictures of a split beside their augmented copies.

    Parameters
    ----------
    split : a row for each picture and copy; see `brushprint.data.split`
    pixels, copies : all pictures of the collection, and the copies of this split, uint8 [n, side, side, 3]
    oversample : the settings with which the copies were made
    """
    from brushprint.data.oversampling import examples

    rows(examples(pixels, copies, split), oversample, target)


def rows(shown: Sequence[Sequence[tuple[np.ndarray, str]]], oversample: Mapping[str, float], target: Path) -> None:
    """Draw rows of pictures with their labels; `shown` is what `brushprint.data.oversampling.examples` returns."""
    if not shown:
        say_instead("No picture is copied: the split has as many of one origin as of the other.", target)
        return
    across = max(map(len, shown))
    figure = new_figure((1.4 * across, 1.65 * len(shown) + 0.4))
    axes = figure.subplots(len(shown), across, squeeze=False)
    drawn = (
        f"turned by up to {oversample['rotation']:g}°, zoomed by up to {oversample['zoom']:.0%}, "
        f"mirrored with probability {oversample['horizontal_flip']:g}"
    )
    figure.suptitle(drawn, fontsize=8)
    for axis in axes.flat:
        axis.axis("off")
    for row, pictures in zip(axes, shown, strict=True):
        for axis, (picture, words) in zip(row, pictures, strict=False):
            axis.imshow(picture)
            axis.set_title(words, fontsize=7, loc="center", weight="bold" if words == "original" else "normal")
    save_figure(figure, target, dpi=96)
