"""The recommended variant: the one that detects most AI works at the rate of false alarms that the settings allow."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from brushprint.evaluation import detection
from brushprint.evaluation.thresholds import Chosen, Thresholds


def recommend(
    thresholds: Mapping[str, Thresholds], predictions: Mapping[str, pd.DataFrame], seed: int
) -> dict[str, Any]:
    """Choose a variant by answers for pictures that are not tested, and measure the choice on test pictures.

    The variant with the highest recall of the pictures that chose its threshold is chosen, then by ROC AUC, then the
    first. If some variants are cross-validated, only these are candidates: nearly all pictures test them. Then the
    choice is made for each fold by its inner answers, and the figures are those of the chosen variants, so that they
    include the choice. The variant that is chosen most often is recommended.

    Parameters
    ----------
    thresholds : of each candidate, in the order of the settings
    predictions : of each candidate, for its test pictures; see `brushprint.evaluation.predictions.predictions_table`
    seed : seed of the bootstrap

    Returns
    -------
    `variant`, the name; `rate`, the share of human works that may be called AI; `why`, the reason why no picture is
    called AI, or None; `candidates`, a row for each: `variant`, and `recall` and `roc_auc` by which it was chosen, the
    mean over folds; `folds`, the choice for each fold, empty without folds; and `detection`, see
    `brushprint.evaluation.detection.evaluate`
    """
    folded = {name: chosen for name, chosen in thresholds.items() if chosen["folds"]}
    candidates = folded or dict(thresholds)
    rows: list[dict[str, Any]] = [
        {"variant": name, **_mean(list(chosen["folds"].values()) or [chosen["final"]])}
        for name, chosen in candidates.items()
    ]
    first = next(iter(candidates.values()))
    choices = {
        fold: _best(
            [{"variant": name, **chosen["folds"][fold]} for name, chosen in folded.items() if fold in chosen["folds"]]
        )
        for fold in first["folds"]
    }
    often = Counter(choices.values())
    variant = _best([row for row in rows if often[row["variant"]] == max(often.values(), default=0)])
    tested = predictions[variant]
    if choices:
        parts = [predictions[name][predictions[name]["fold"] == int(fold)] for fold, name in choices.items()]
        # Variants whose splits differ may have dealt a picture to different folds.
        tested = pd.concat([*parts, tested[tested["fold"] < 0]]).drop_duplicates("image_id").sort_index()
    final = thresholds[variant]["final"]
    return {
        "variant": variant,
        "rate": thresholds[variant]["rate"],
        "why": final["why"] if final["threshold"] is None else None,
        "candidates": rows,
        "folds": choices,
        "detection": detection.evaluate_predictions(tested, seed),
    }


def _best(rows: Sequence[Mapping[str, Any]]) -> str:
    """The name of the variant with the highest recall, then ROC AUC, then the first."""
    return max(rows, key=lambda row: (row["recall"] or 0, row["roc_auc"] or 0))["variant"]


def _mean(chosen: Sequence[Chosen]) -> dict[str, float | None]:
    """The means of the measures by which variants are chosen; None if all are unknown."""
    values = pd.DataFrame(chosen)[["recall", "roc_auc"]].astype(float).mean()
    return {name: None if np.isnan(value) else float(value) for name, value in values.items()}
