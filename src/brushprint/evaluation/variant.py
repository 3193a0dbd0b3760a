"""All measures of one variant: of its classes, of the question human or AI, of calibration and of verdicts."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from brushprint.evaluation import abstention, calibration, detection, metrics
from brushprint.evaluation.predictions import class_names
from brushprint.evaluation.thresholds import Thresholds, ai_probability
from brushprint.stats.roc import roc_auc


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
        `group` and `brushprint.evaluation.metrics.PARTS`
    seed : seed of the bootstrap

    Returns
    -------
    metrics : a dictionary with the keys

        - `classes`: the names of the classes
        - `parts` and `says`: the labels of the classes by column, see `parts_of` and `class_labels` of
          `brushprint.evaluation.metrics`
        - `validation` and `test`: see `brushprint.evaluation.metrics.evaluate`
        - `detection`: see `brushprint.evaluation.detection.evaluate`; also `validation_roc_auc`, by which variants can
          be chosen (null unless both origins have validation pictures)
        - `leaked`: the number of test pictures with a near duplicate among the training pictures
        - `apart`: like `test`, but without the `leaked` pictures; null if no test picture, or every one, is `leaked`
        - `calibration`: `temperature`, and the measures `before` and `after` temperature scaling, see
          `brushprint.evaluation.calibration.calibration`
        - `verdict`: `level`, the band, and the measures of its verdicts, `test`, see `brushprint.evaluation.abstention`
    roc : see `brushprint.evaluation.metrics.curve`
    confusion : one row for each test picture, `label` and `predicted`
    detection : see `brushprint.evaluation.detection.curves`
    styles : see `brushprint.evaluation.detection.by_style_and_source`
    """
    classes = class_names(predictions)
    parts = metrics.parts_of(pictures, classes)
    validation, test = (predictions[predictions["partition"] == name] for name in ("validation", "test"))
    is_ai, score, groups = _is_ai(test), test["ai_probability"].to_numpy(), test["group"].to_numpy()
    leaked = test["group"].isin(pictures.loc[pictures["partition"] == "train", "group"])
    apart = test[~leaked]
    measured = {
        "classes": classes,
        "parts": parts.to_dict("list"),
        "says": metrics.class_labels(pictures, classes).to_dict("list"),
        "validation": metrics.evaluate(validation, parts, validation["group"].to_numpy(), seed),
        "test": metrics.evaluate(test, parts, groups, seed),
        "detection": detection.evaluate(
            is_ai,
            score,
            threshold=thresholds["threshold"],
            strict=thresholds["strict"],
            groups=groups,
            seed=seed,
        )
        | {"validation_roc_auc": roc_auc(_is_ai(validation), validation["ai_probability"].to_numpy())},
        "leaked": int(leaked.sum()),
        "apart": metrics.evaluate(apart, parts, apart["group"].to_numpy(), seed)
        if leaked.any() and len(apart)
        else None,
        **_calibrated(validation, test, thresholds["origins"], seed),
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


def _calibrated(
    validation: pd.DataFrame, test: pd.DataFrame, origins: dict[str, str], seed: int
) -> dict[str, dict[str, Any]]:
    """The metrics `calibration` and `verdict`; the temperature and the band are chosen on validation pictures."""
    classes = class_names(test)
    columns = [f"p_{name}" for name in classes]
    logits = [calibration.log_probabilities(part[columns].to_numpy()) for part in (validation, test)]
    labels = [pd.Index(classes).get_indexer(part["label"]) for part in (validation, test)]
    temperature = calibration.temperature(logits[0], labels[0])
    probabilities = [calibration.apply(part, temperature) for part in logits]
    scores = [ai_probability(pd.DataFrame(part, columns=columns), origins) for part in probabilities]
    groups = test["group"].to_numpy()
    band = abstention.band(_is_ai(validation), scores[0], validation["group"].to_numpy())
    verdicts = abstention.evaluate(
        _is_ai(test), scores[1], groups, band, called_ai=test["called_ai"].to_numpy(), seed=seed
    )
    return {
        "calibration": {
            "temperature": temperature,
            "before": calibration.calibration(test[columns].to_numpy(), labels[1], groups, seed),
            "after": calibration.calibration(probabilities[1], labels[1], groups, seed),
        },
        "verdict": {"level": abstention.LEVEL, **band, "test": verdicts},
    }
