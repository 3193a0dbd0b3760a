"""The content of the browser page: facts about each variant, and a gallery of pictures to try."""

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

# The formats that every current browser opens, and their media types.
MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "BMP": "image/bmp",
    "AVIF": "image/avif",
}


def gallery(catalogue: pd.DataFrame, splits: Sequence[pd.DataFrame], seed: int, count: int) -> pd.DataFrame:
    """Draw pictures that are test pictures in every split, in an order that does not reveal the origin.

    Only pictures that browsers can open are drawn. If possible, each source has the same number of pictures.

    Parameters
    ----------
    catalogue : see `brushprint.data.catalogue`
    splits : see `brushprint.data.split`
    seed : seed of the draw
    count : number of pictures

    Returns
    -------
    `count` rows of the catalogue. Raises `UserError` if fewer such pictures are test pictures in every split.
    """
    eligible = catalogue["format"].isin(MEDIA_TYPES)
    for split in splits:
        eligible &= catalogue["image_id"].isin(split.loc[split["partition"] == "test", "image_id"])
    drawn = catalogue[eligible].sample(frac=1, random_state=seed)
    turns = drawn.groupby("source").cumcount()
    if len(drawn) < count:
        raise UserError(
            f"the gallery of the page needs {count} pictures that are test pictures in every split and that any "
            f"browser can show, but there are only {len(drawn)}: add pictures, or give all variants the same split"
        )
    return drawn.loc[turns.sort_values(kind="stable").index].head(count).sample(frac=1, random_state=seed)


def write_gallery(root: str | Path, pictures: pd.DataFrame, targets: Sequence[str | Path]) -> None:
    """Copy the files of `pictures`, rows of the catalogue, from the collection `root`, one file to each target.

    Raises `UserError` if the collection has changed since it was catalogued.
    """
    contents = dict(read_catalogued_files(root, pictures, bytes, 1, "gallery"))
    for path, target in zip(pictures["path"], targets, strict=True):
        with replacing(target) as part:
            part.write_bytes(contents[path])


def about_variant(
    name: str, model: str | Path, metrics: Mapping[str, Any], card: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The facts, figures and limits of a variant that the page shows, as plain values.

    Parameters
    ----------
    name : name of the variant
    model : file written by `brushprint.predict.onnx_models`; its metadata holds the facts of
        `brushprint.predict.answer.facts`
    metrics : content of the variant's `metrics.json`
    card : sections of the model card, see `brushprint.report.model_card`
    """
    metadata = {entry.key: entry.value for entry in onnx.load(model, load_external_data=False).metadata_props}
    return {
        "name": name,
        "file": f"models/{name}.onnx",
        "bytes": Path(model).stat().st_size,
        "facts": json.loads(metadata[FACTS]),
        # If cross-validation tested all pictures, the network was then fitted to all of them.
        "fitted_to_tests": metrics["validation"] is None,
        "figures": _figures(metrics),
        "card": list(card),
    }


def _figures(metrics: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each figure with its interval and its baseline: shares from 0 to 1, or None if unknown."""
    test, verdict = metrics["test"], metrics["verdict"]["test"]
    detection = {
        "what": "Balanced accuracy of human or AI",
        **metrics["detection"]["balanced_accuracy"],
        "instead": "guessing",
        "baseline": 0.5,
    }
    return [
        {
            "what": f"Correct, of {test['pictures']:,} test pictures",
            **test["accuracy"],
            "instead": "always guessing the commonest class",
            "baseline": test["majority"],
        },
        *([detection] if len(metrics["classes"]) > 2 else []),
        *(
            {
                "what": what,
                **verdict[share],
                "instead": "if forced to answer",
                "baseline": verdict["always"][share]["value"],
            }
            for what, share in (
                ("Human works called AI", "human_called_ai"),
                ("AI works called human", "ai_called_human"),
            )
        ),
    ]


def about_picture(file: str, picture: Mapping[str, Any]) -> dict[str, Any]:
    """The facts that the page needs about `picture`, a row of the catalogue; `file` is its file in the gallery."""
    labels = {name: None if pd.isna(picture[name]) else picture[name] for name in ("origin", "source", "style")}
    return {"file": file, "type": MEDIA_TYPES[picture["format"]], **labels}
