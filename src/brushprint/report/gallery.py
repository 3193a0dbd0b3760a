"""The report's gallery of misclassified pictures, and the filters that it offers."""

from pathlib import PurePosixPath
from typing import Any

import pandas as pd

from brushprint.report.images import embed


def gallery(mistakes: pd.DataFrame) -> dict[str, Any]:
    """The misclassified pictures that have a thumbnail, and the values by which readers can filter them.

    Parameters
    ----------
    mistakes : see `brushprint.evaluation.mistakes.with_thumbnails`; a style may be missing

    Returns
    -------
    `total`, the number of all misclassified pictures; `cards`, one entry for each picture with a thumbnail; `most`, the
    largest number of variants that misclassify the same one of these pictures; `origins`, `sources` and `styles`, the
    sorted values of these pictures
    """
    shown = mistakes[mistakes["thumbnail"].notna()].astype(object)
    shown = shown.where(shown.notna(), None)
    values = {f"{label}s": sorted(shown[label].dropna().unique()) for label in ("origin", "source", "style")}
    return {
        "total": len(mistakes),
        "cards": [_card(row) for row in shown.to_dict("records")],
        "most": max(shown["wrong"], default=0),
        **values,
    }


def _card(row: dict[str, Any]) -> dict[str, Any]:
    wrong = [answer for answer in row["answers"] if answer["label"] != answer["predicted"]]
    words = " ".join(filter(None, (row["style"], row["source"], row["path"]))).lower()
    return {
        **{key: row[key] for key in ("path", "origin", "source", "style", "asked")},
        "file": PurePosixPath(row["path"]).name,
        "words": f"{words} {words.replace('_', ' ')}",
        "wrong": sorted(wrong, key=lambda answer: -answer["probability"]),
        "right": [answer["variant"] for answer in row["answers"] if answer["label"] == answer["predicted"]],
        "picture": embed(row["thumbnail"]),
    }
