"""All measures of one variant: of its classes, of the question human or AI, of calibration and of verdicts."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from brushprint.evaluation import abstention, calibration, detection, metrics
from brushprint.evaluation.predictions import calibrated, class_names
from brushprint.evaluation.thresholds import Thresholds, of_fold


class Evaluation(NamedTuple):
    """The result of `evaluate_variant`."""

    metrics: dict[str, Any]
    roc: pd.DataFrame
    confusion: pd.DataFrame
    detection: pd.DataFrame
    styles: pd.DataFrame


def evaluate_variant(
    predictions: pd.DataFrame, thresholds: Thresholds, pictures: pd.DataFrame, *, seed: int
) -> Evaluation:
    """Evaluate the predictions of a variant.

    Parameters
    ----------
    predictions, thresholds : see `brushprint.evaluation.predictions.predictions_table`
    pictures : the whole split, including training pictures and augmented copies; columns `label` (class), `partition`,
        `fold`, `group` and `brushprint.evaluation.metrics.PARTS`
    seed : seed of the bootstrap

    Returns
    -------
    metrics : a dictionary with the keys

        - `classes`: the names of the classes
        - `parts` and `says`: the labels of the classes by column, see `parts_of` and `class_labels` of
          `brushprint.evaluation.metrics`
        - `validation` and `test`: see `brushprint.evaluation.metrics.evaluate`; `validation` is null if all pictures
          in folds are tested
        - `folds`: the number of folds that cross-validate the variant, 0 for none
        - `detection`: see `brushprint.evaluation.detection.evaluate`
        - `leaked`: the number of test pictures with a near duplicate among the training pictures
        - `apart`: like `test`, but without the `leaked` pictures; null if no test picture, or every one, is `leaked`
        - `calibration`: the `temperature` of the network itself, and the measures `before` and `after` temperature
          scaling, see `brushprint.evaluation.calibration.calibration`
        - `verdict`: `rate` and the cut-offs of the network itself, see `brushprint.evaluation.thresholds`, and the
          measures of the verdicts, `test`, see `brushprint.evaluation.abstention`
    roc : see `brushprint.evaluation.metrics.curve`
    confusion : one row for each test picture, `label` and `predicted`
    detection : see `brushprint.evaluation.detection.curves`
    styles : see `brushprint.evaluation.detection.by_style_and_source`
    """
    classes = class_names(predictions)
    parts = metrics.parts_of(pictures, classes)
    validation, test = (predictions[predictions["partition"] == name] for name in ("validation", "test"))
    is_ai, score, groups = _is_ai(test), test["ai_probability"].to_numpy(), test["group"].to_numpy()
    leaked = test["group"].isin(_trained_on(pictures, predictions)["group"]) & (test["fold"] < 0)
    apart = test[~leaked]
    measured = {
        "classes": classes,
        "parts": parts.to_dict("list"),
        "says": metrics.class_labels(pictures, classes).to_dict("list"),
        "validation": None
        if thresholds["folds"]
        else metrics.evaluate(validation, parts, validation["group"].to_numpy(), seed),
        "test": metrics.evaluate(test, parts, groups, seed),
        "folds": predictions.loc[predictions["fold"] >= 0, "fold"].nunique(),
        "detection": detection.evaluate_predictions(test, seed),
        "leaked": int(leaked.sum()),
        "apart": metrics.evaluate(apart, parts, apart["group"].to_numpy(), seed)
        if leaked.any() and len(apart)
        else None,
        "calibration": _calibration(test, thresholds, seed),
        "verdict": {
            "rate": thresholds["rate"],
            **{name: thresholds["final"][name] for name in ("threshold", "low", "high", "human", "ai", "why")},
            "test": abstention.evaluate(
                is_ai, test["verdict"].to_numpy(), groups, called_ai=test["called_ai"].to_numpy(), seed=seed
            ),
        },
    }
    return Evaluation(
        measured,
        roc=metrics.curve(test, classes),
        confusion=test[["label", "predicted"]],
        detection=detection.curves(is_ai, score),
        styles=detection.by_style_and_source(test),
    )


def _is_ai(predictions: pd.DataFrame) -> np.ndarray:
    return (predictions["origin"] == "ai").to_numpy()


def _calibration(test: pd.DataFrame, thresholds: Thresholds, seed: int) -> dict[str, Any]:
    """The metrics `calibration`; each fold has its own temperature."""
    classes, groups = class_names(test), test["group"].to_numpy()
    labels = pd.Index(classes).get_indexer(test["label"])
    before = test[[f"p_{name}" for name in classes]]
    after = before.copy()
    for fold, rows in test.groupby("fold").groups.items():
        after.loc[rows] = calibrated(before.loc[rows], of_fold(thresholds, fold)["temperature"])
    return {
        "temperature": thresholds["final"]["temperature"],
        "before": calibration.calibration(before.to_numpy(), labels, groups, seed),
        "after": calibration.calibration(after.to_numpy(), labels, groups, seed),
    }


def _trained_on(pictures: pd.DataFrame, predictions: pd.DataFrame) -> pd.DataFrame:
    """The pictures that the network was trained on: those of all folds, or those of the partition `train`."""
    cross_validated = (predictions["fold"] >= 0).any()
    return pictures[pictures["fold"] >= 0 if cross_validated else pictures["partition"] == "train"]
