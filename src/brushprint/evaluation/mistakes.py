"""The test pictures that variants misclassify, with the answer of each variant and a thumbnail."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from PIL import Image

from brushprint.data.catalogue import read_catalogued

# The report is one file, and each thumbnail takes a few kilobytes of it.
MOST = 240
SIDE = 96

_FACTS = ("image_id", "path", "origin", "source", "style", "folder")
_ANSWER = {"variant": pa.string(), "label": pa.string(), "predicted": pa.string(), "probability": pa.float64()}
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in _FACTS),
        ("asked", pa.int32()),
        ("wrong", pa.int32()),
        ("confidence", pa.float64()),
        ("answers", pa.list_(pa.struct(list(_ANSWER.items())))),
        ("thumbnail", pa.binary()),
    ]
)


def mistakes(catalogue: pd.DataFrame, predictions: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Every test picture that a variant misclassifies, in the classes of that variant's own task.

    Parameters
    ----------
    catalogue : see `brushprint.data.catalogue.catalogue`
    predictions : by variant, its test pictures, see `brushprint.evaluation.predictions.predictions_table`

    Returns
    -------
    A row a picture, the most often misclassified first, of these the one with the most confident wrong answer:
    `image_id`, `path`, `origin`, `source`, `style`, `folder`; `asked` and `wrong`, how many variants test it and
    misclassify it; `confidence`, the highest probability (0 to 1) of a wrong answer; `answers`, a list with `variant`,
    `label`, `predicted` and `probability` (of the predicted class) of each variant that tests it.
    """
    columns = ["image_id", "label", "predicted", "outcome", "probability"]
    rows = pd.concat(table[columns].assign(variant=name) for name, table in predictions.items())
    wrong = rows[rows["outcome"] == "misclassified"].groupby("image_id")
    counts = pd.DataFrame({"wrong": wrong.size(), "confidence": wrong["probability"].max()})
    rows = rows[rows["image_id"].isin(counts.index)]
    answers = pd.Series(rows[list(_ANSWER)].to_dict("records"), index=rows["image_id"], dtype=object)
    of_picture = answers.groupby(level=0).agg(list)
    counts = counts.assign(asked=of_picture.map(len), answers=of_picture)
    table = catalogue[list(_FACTS)].merge(counts, left_on="image_id", right_index=True)
    return table.sort_values(["wrong", "confidence", "image_id"], ascending=[False, False, True], ignore_index=True)


def with_thumbnails(
    table: pd.DataFrame, root: str | Path, catalogue: pd.DataFrame, jobs: int, *, harmonise: Mapping[str, Any] | None
) -> pa.Table:
    """The table of `mistakes` with a `thumbnail` of each of the first `MOST` pictures, else null.

    A thumbnail is a JPEG of at most `SIDE` pixels of the picture as networks see it. Parameters and errors are those of
    `brushprint.data.catalogue.read_catalogued`.
    """
    shown = catalogue[catalogue["path"].isin(table["path"].head(MOST))]
    thumbnails = dict(read_catalogued(root, shown, _thumbnail, jobs, "mistakes", harmonise=harmonise))
    return pa.Table.from_pandas(table.assign(thumbnail=table["path"].map(thumbnails)), SCHEMA, preserve_index=False)


def _thumbnail(picture: Image.Image) -> bytes:
    picture.thumbnail((SIDE, SIDE))
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=75, optimize=True)
    return stream.getvalue()
