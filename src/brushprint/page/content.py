"""The browser page: what it is told of networks, and the pictures that it offers."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx
import pandas as pd

from brushprint.core.atomic import replacing
from brushprint.core.errors import UserError
from brushprint.data.catalogue import read_catalogued_files
from brushprint.predict.answer import FACTS

# The formats that every browser of today opens, and their media types.
OPENED = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "BMP": "image/bmp",
    "AVIF": "image/avif",
}


def gallery(catalogue: pd.DataFrame, splits: Sequence[pd.DataFrame], seed: int, count: int) -> pd.DataFrame:
    """Pictures that no network learned from, evenly from the sources, in an order that tells nothing.

    Parameters
    ----------
    catalogue : see `brushprint.data.catalogue`
    splits : see `brushprint.data.split`
    seed : of the draw
    count : how many

    Returns
    -------
    `count` rows of the catalogue. Raises `UserError` when so many were kept from all networks by no split.
    """
    tested = catalogue["format"].isin(OPENED)
    for split in splits:
        tested &= catalogue["image_id"].isin(split.loc[split["partition"] == "test", "image_id"])
    drawn = catalogue[tested].sample(frac=1, random_state=seed)
    turns = drawn.groupby("source").cumcount()
    if len(drawn) < count:
        raise UserError(
            f"the gallery of the page shows {count} pictures, and only {len(drawn)} that browsers open "
            "test in every split: catalogue more pictures, or give all variants the same split"
        )
    return drawn.loc[turns.sort_values(kind="stable").index].head(count).sample(frac=1, random_state=seed)


def write_gallery(root: str | Path, pictures: pd.DataFrame, targets: Sequence[str | Path]) -> None:
    """Write the files of pictures, rows of the catalogue, as they are in the collection `root`, a target a row.

    Raises `UserError` when the collection has changed since it was catalogued.
    """
    contents = dict(read_catalogued_files(root, pictures, bytes, 1, "gallery"))
    for path, target in zip(pictures["path"], targets, strict=True):
        with replacing(target) as part:
            part.write_bytes(contents[path])


def about_variant(
    name: str, model: str | Path, metrics: Mapping[str, Any], card: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """What the page says of a variant.

    Parameters
    ----------
    name : of the variant
    model : the file of `brushprint.predict.onnx_models`, whose metadata has the facts of
        `brushprint.predict.answer.facts`
    metrics : what `workflow/scripts/evaluate.py` writes
    card : its sections, see `brushprint.report.model_card`
    """
    metadata = {entry.key: entry.value for entry in onnx.load(model, load_external_data=False).metadata_props}
    return {
        "name": name,
        "file": f"models/{name}.onnx",
        "bytes": Path(model).stat().st_size,
        "facts": json.loads(metadata[FACTS]),
        "figures": _figures(metrics),
        "card": list(card),
    }


def _figures(metrics: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each figure with its interval, and its baseline: shares from 0 to 1, or None where they are unknown."""
    test, called = metrics["test"], metrics["verdict"]["test"]
    told = {
        "what": "Human or AI told rightly, the mean of both",
        **metrics["detection"]["balanced_accuracy"],
        "instead": "guessing",
        "baseline": 0.5,
    }
    return [
        {
            "what": f"Named rightly, of {test['pictures']:,} test pictures",
            **test["accuracy"],
            "instead": "always the most frequent class",
            "baseline": test["majority"],
        },
        *([told] if len(metrics["classes"]) > 2 else []),
        *(
            {
                "what": what,
                **called[share],
                "instead": "if it always answered",
                "baseline": called["always"][share]["value"],
            }
            for what, share in (
                ("Human works called AI", "human_called_ai"),
                ("AI works called human", "ai_called_human"),
            )
        ),
    ]


def about_picture(file: str, picture: Mapping[str, Any]) -> dict[str, Any]:
    """What the page knows of a picture of the gallery, a row of the catalogue."""
    labels = {name: None if pd.isna(picture[name]) else picture[name] for name in ("origin", "source", "style")}
    return {"file": file, "type": OPENED[picture["format"]], **labels}
