"""Which test pictures the variants get wrong, what each of them says, and how the pictures look."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from PIL import Image

from brushprint.data.catalogue import read_catalogued

# As many as a page of one file carries with ease; each is a few kilobytes.
MOST = 240
SIDE = 96

_WORDS = ("image_id", "path", "origin", "source", "style", "folder")
_ANSWER = {"variant": pa.string(), "label": pa.string(), "predicted": pa.string(), "probability": pa.float64()}
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in _WORDS),
        ("asked", pa.int32()),
        ("wrong", pa.int32()),
        ("confidence", pa.float64()),
        ("answers", pa.list_(pa.struct(list(_ANSWER.items())))),
        ("thumbnail", pa.binary()),
    ]
)


def mistakes(catalogue: pd.DataFrame, predictions: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Every test picture that a variant gets wrong, in the words of that variant's own task.

    Parameters
    ----------
    catalogue : see `brushprint.data.catalogue.catalogue`
    predictions : by variant, of test pictures, as `brushprint.training.inference.infer` gives them

    Returns
    -------
    A row a picture, the most often wrong first, of these the one with the most confident wrong answer: `image_id`,
    `path`, `origin`, `source`, `style`, `folder`; `asked` and `wrong`, how many variants test it and get it wrong;
    `confidence`, the highest probability (0 to 1) that one of these gives to its answer; `answers`, a list with
    `variant`, `label`, `predicted` and `probability` (of the predicted class) of each variant that tests it.
    """
    said = pd.concat(
        table[["image_id", "label", "predicted"]].assign(
            variant=name, probability=table.filter(regex="^p_").max(axis=1)
        )
        for name, table in predictions.items()
    )
    wrong = said[said["label"] != said["predicted"]].groupby("image_id")
    counts = pd.DataFrame({"wrong": wrong.size(), "confidence": wrong["probability"].max()})
    said = said[said["image_id"].isin(counts.index)]
    answers = pd.Series(said[list(_ANSWER)].to_dict("records"), index=said["image_id"], dtype=object)
    of_each = answers.groupby(level=0).agg(list)
    counts = counts.assign(asked=of_each.map(len), answers=of_each)
    found = catalogue[list(_WORDS)].merge(counts, left_on="image_id", right_index=True)
    return found.sort_values(["wrong", "confidence", "image_id"], ascending=[False, False, True], ignore_index=True)


def with_thumbnails(
    found: pd.DataFrame, root: str | Path, catalogue: pd.DataFrame, jobs: int, *, harmonise: Mapping[str, Any] | None
) -> pa.Table:
    """The mistakes with a `thumbnail` of each of the first `MOST`: a JPEG of at most `SIDE` pixels, else null.

    The pictures are seen as networks see them: see `brushprint.data.catalogue.read_catalogued`, also for what it
    raises.
    """
    shown = catalogue[catalogue["path"].isin(found["path"].head(MOST))]
    pictures = dict(read_catalogued(root, shown, _thumbnail, jobs, "mistakes", harmonise=harmonise))
    return pa.Table.from_pandas(found.assign(thumbnail=found["path"].map(pictures)), SCHEMA, preserve_index=False)


def _thumbnail(picture: Image.Image) -> bytes:
    picture.thumbnail((SIDE, SIDE))
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=75, optimize=True)
    return stream.getvalue()
