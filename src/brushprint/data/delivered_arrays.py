"""Arrays of delivered pictures. Each picture is delivered at its own size, and then resized for a network."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from brushprint.data.deliveries import DELIVERIES, deliver
from brushprint.data.pixels import write_versions
from brushprint.stats.allocation import stratified


def draw_pictures(split: pd.DataFrame, *, pictures: int, seed: int) -> np.ndarray:
    """Draw pictures whose answers choose or measure something: validation and test pictures, and those in folds.

    Parameters
    ----------
    split : see `brushprint.data.split`
    pictures : the largest number of human and of AI pictures of each partition, drawn evenly from sources
    seed : seed of the draw

    Returns
    -------
    The `row` of each picture in the catalogue, int64, ascending.
    """
    originals = split[split["copy"] == 0]
    asked = originals[(originals["partition"] != "train") | (originals["fold"] >= 0)]
    parts = asked.groupby(["partition", "origin"], sort=True)
    drawn = [part["row"].to_numpy()[stratified(part["source"], pictures, seed)] for _, part in parts]
    return np.sort(np.concatenate(drawn)) if drawn else np.empty(0, dtype=np.int64)


def write_delivered(
    root: str | Path,
    pictures: pd.DataFrame,
    target: str | Path,
    *,
    size: int,
    resize: str,
    jobs: int,
    harmonise: Mapping[str, Any] | None = None,
) -> str:
    """Write each picture after each of `DELIVERIES` to an array [pictures, deliveries, size, size, 3] of uint8.

    The parameters and the result are those of `brushprint.data.pixels.write_versions`.
    """

    def delivered(picture: Image.Image, _: str) -> list[Image.Image]:
        return [deliver(picture, name) for name in DELIVERIES]

    return write_versions(
        root,
        pictures,
        target,
        delivered,
        number=len(DELIVERIES),
        size=size,
        resize=resize,
        jobs=jobs,
        title=f"deliveries {size} {resize}",
        harmonise=harmonise,
    )


def deliveries_of(table: pd.DataFrame, image_ids: np.ndarray) -> pd.DataFrame:
    """A row for each delivery of each picture of a table that was delivered.

    `image_ids` are those of the array of delivered pictures. The column `row` of the result is an index into the array
    as [pictures * deliveries, ...], and its column `delivery` the name of the delivery.
    """
    places = pd.Series(np.arange(len(image_ids)), index=image_ids)
    table = table[table["image_id"].isin(places.index)]
    names = list(DELIVERIES)
    repeated = table.loc[table.index.repeat(len(names))].reset_index(drop=True)
    number = np.tile(np.arange(len(names)), len(table))
    rows = places[repeated["image_id"]].to_numpy() * len(names) + number
    return repeated.assign(row=rows, delivery=np.array(names, dtype=object)[number])
