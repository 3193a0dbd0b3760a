"""The figure of the catalogue: example pictures of each source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from brushprint.figures.declaration import CollectionGroup, draws
from brushprint.figures.style import new_figure, save_figure, spaced

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    from PIL.Image import Image


@draws(
    "examples.jpg",
    title="Examples",
    alt="A grid of pictures with one row for each source, each picture under its style or folder.",
    caption="Pictures of each source, under their style or, if they have none, their folder.",
    group=CollectionGroup.PICTURES,
)
def examples(catalogue: pd.DataFrame, root: str, harmonise: Mapping[str, Any] | None, target: Path) -> None:
    """Draw example pictures of each source in a catalogue.

    `root` and `harmonise` are params of the rule, with which `brushprint.data.catalogue.examples` opens the pictures.
    """
    from brushprint.data import catalogue as collection

    grid(collection.examples(root, catalogue, 1, harmonise=harmonise), target)


def grid(shown: Mapping[str, Sequence[tuple[str, Image]]], target: Path) -> None:
    """Draw one row of pictures for each source, each picture under its style.

    `shown` is what `brushprint.data.catalogue.examples` returns.
    """
    across = max(map(len, shown.values()))
    figure = new_figure((1.3 * across + 0.5, 1.55 * len(shown)))
    axes = figure.subplots(len(shown), across, squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for row, (source, pictures) in zip(axes, shown.items(), strict=True):
        place = {"rotation": 90, "ha": "right", "va": "center", "transform": row[0].transAxes}
        row[0].text(-0.08, 0.5, spaced(source), fontsize=9, **place)
        for axis, (style, picture) in zip(row, pictures, strict=False):
            axis.imshow(picture)
            axis.set_title(spaced(style), fontsize=7, loc="center")
    save_figure(figure, target, dpi=96)
