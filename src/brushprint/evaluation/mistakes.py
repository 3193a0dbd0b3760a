"""The test pictures that variants misclassify, with the answer of each variant and a thumbnail."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from PIL import Image

from brushprint.data.catalogue import read_catalogued

# The number and size of thumbnails are limited because the report is one file: each adds a few kilobytes to it.
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
    """Every test picture that at least one variant misclassifies, by the classes of that variant's own task.

    Parameters
    ----------
    catalogue : see `brushprint.data.catalogue.catalogue`
    predictions : by variant, the predictions for its test pictures, see
        `brushprint.evaluation.predictions.predictions_table`

    Returns
    -------
    One row for each picture, sorted by the number of variants that misclassify it and then by the confidence of the
    wrong answer, both descending: `image_id`, `path`, `origin`, `source`, `style`, `folder`; `asked` and `wrong`, the
    numbers of variants that test it and that misclassify it; `confidence`, the highest probability (0 to 1) of a wrong
    answer; `answers`, a list with `variant`, `label`, `predicted` and `probability` (of the predicted class) for each
    variant that tests it.
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
    """Add the column `thumbnail` to the table of `mistakes`; it is null after the first `MOST` pictures.

    A thumbnail is a JPEG, with at most `SIDE` pixels a side, of the picture that the networks receive, which is
    harmonised if `harmonise` is given. The other parameters and the errors are those of
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
