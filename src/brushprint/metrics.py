"""How good predictions are: every headline figure with its interval and its baseline."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn.metrics import classification_report, confusion_matrix, log_loss, roc_curve

from brushprint.errors import UserError

RESAMPLES = 1000


def evaluate(predictions: pd.DataFrame, classes: list[str], seed: int) -> dict[str, Any]:
    """Judge the predictions of one partition.

    Parameters
    ----------
    predictions : columns `label`, `predicted` and `p_<class>`, see `brushprint.inference.infer`
    classes : names, in the order of the confusion matrix
    seed : of the bootstrap

    Returns
    -------
    `pictures`; `accuracy`, `balanced_accuracy` and `roc_auc` (over two classes that of the first, else one against
    the rest, macro average; null where a class has no picture), each with `value`, `low` and `high`, a 95 % percentile
    bootstrap interval over the pictures; `majority`, the accuracy of always naming the most frequent class; `loss`,
    mean cross-entropy in nats; `report`, precision, recall, F1 and support a class with macro and weighted averages;
    `confusion`, a row a true class.

    Raises `UserError` when there are no pictures.
    """
    if predictions.empty:
        raise UserError("no pictures of a partition have a class, so there is nothing to judge; set another split")
    index = pd.Index(classes)
    true, named = index.get_indexer(predictions["label"]), index.get_indexer(predictions["predicted"])
    scores = predictions[[f"p_{name}" for name in classes]].to_numpy()
    levels = _levels(scores)
    report = classification_report(
        true, named, labels=range(len(classes)), target_names=classes, output_dict=True, zero_division=0
    )
    return {
        "pictures": len(predictions),
        "accuracy": _interval(lambda rows: accuracy(true[rows], named[rows]), len(true), seed),
        "balanced_accuracy": _interval(lambda rows: balanced_accuracy(true[rows], named[rows]), len(true), seed),
        "roc_auc": _interval(lambda rows: _auc(true[rows], levels[:, rows]), len(true), seed),
        "majority": float(np.bincount(true).max() / len(true)),
        "loss": float(log_loss(true, scores, labels=range(len(classes)))),
        "report": report,
        "confusion": confusion_matrix(true, named, labels=range(len(classes))).tolist(),
    }


def accuracy(true: np.ndarray, named: np.ndarray) -> float:
    """Share of the pictures whose class index is named rightly."""
    return float(np.mean(true == named))


def balanced_accuracy(true: np.ndarray, named: np.ndarray) -> float:
    """Mean over the true classes of the share that is named rightly, from class indices.

    Equal to scikit-learn's, which is too slow to be called a thousand times.
    """
    counts = np.bincount(true)
    hits = np.bincount(true[true == named], minlength=len(counts))
    return float(np.mean(hits[counts > 0] / counts[counts > 0]))


def class_names(predictions: pd.DataFrame) -> list[str]:
    """The classes that a table of predictions knows, in the order of the network's outputs."""
    return [column.removeprefix("p_") for column in predictions.columns if column.startswith("p_")]


def _levels(scores: np.ndarray) -> np.ndarray:
    """The rank of each score in its class, [classes, pictures] from 0, equal ones alike: a resample need not sort."""
    return rankdata(scores.T, method="dense", axis=1).astype(np.int64) - 1


def _auc(true: np.ndarray, levels: np.ndarray) -> float:
    """Over two classes that of the first, else the mean of each against the rest; nan where one has no picture."""
    classes = len(levels)
    if np.bincount(true, minlength=classes).min() == 0:
        return float("nan")
    return float(np.mean([_area(true == index, levels[index]) for index in range(1 if classes == 2 else classes)]))


def _area(is_class: np.ndarray, level: np.ndarray) -> float:
    """ROC AUC as the normalised Mann-Whitney U statistic (Hanley and McNeil, 1982); ties count half."""
    counts = np.bincount(level)
    below = np.cumsum(counts) - counts / 2
    inside = is_class.sum()
    return (below[level[is_class]].sum() - inside**2 / 2) / (inside * (len(level) - inside))


def curve(predictions: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """ROC curve a class against the rest: columns `class`, `false_positive_rate`, `true_positive_rate`, `threshold`.

    Of two classes only the first: the other's is its mirror image. A class without pictures has no rows.
    """
    curves = []
    for name in classes[:1] if len(classes) == 2 else classes:
        is_class = (predictions["label"] == name).to_numpy()
        if is_class.any() and not is_class.all():
            false, true, threshold = roc_curve(is_class, predictions[f"p_{name}"])
            columns = {"class": name, "false_positive_rate": false, "true_positive_rate": true, "threshold": threshold}
            curves.append(pd.DataFrame(columns))
    columns = ["class", "false_positive_rate", "true_positive_rate", "threshold"]
    return pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(columns=columns)


def _interval(statistic: Callable[[np.ndarray], float], pictures: int, seed: int) -> dict[str, float | None]:
    """A statistic of all rows, and its interval; one resample at a time, since all at once take gigabytes."""
    value = statistic(np.arange(pictures))
    if not np.isfinite(value):
        return {"value": None, "low": None, "high": None}
    generator = np.random.default_rng(seed)
    resampled = [statistic(generator.integers(pictures, size=pictures)) for _ in range(RESAMPLES)]
    low, high = np.nanquantile(resampled, [0.025, 0.975])
    return {"value": float(value), "low": float(low), "high": float(high)}
