"""How good predictions are: every headline figure with its interval and its baseline."""

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import bootstrap
from sklearn.metrics import (
    accuracy_score,
    classification_report,
    confusion_matrix,
    log_loss,
    roc_auc_score,
    roc_curve,
)

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
    """
    true, named = predictions["label"].to_numpy(), predictions["predicted"].to_numpy()
    scores = predictions[[f"p_{name}" for name in classes]].to_numpy()
    return {
        "pictures": len(predictions),
        "accuracy": _interval(accuracy_score, (true, named), seed),
        "balanced_accuracy": _interval(_balanced, (true, named), seed),
        "roc_auc": _interval(lambda t, i: roc_auc(t, scores[i.astype(int)], classes), (true, np.arange(len(true))), seed),
        "majority": float(pd.Series(true).value_counts(normalize=True).iloc[0]),
        "loss": float(log_loss(true, scores, labels=classes)),
        "report": classification_report(true, named, labels=classes, output_dict=True, zero_division=0),
        "confusion": confusion_matrix(true, named, labels=classes).tolist(),
    }


def class_names(predictions: pd.DataFrame) -> list[str]:
    """The classes that a table of predictions knows, in the order of the network's outputs."""
    return [column.removeprefix("p_") for column in predictions.columns if column.startswith("p_")]


def roc_auc(true: np.ndarray, scores: np.ndarray, classes: list[str]) -> float:
    """Area under the ROC curve; nan where the pictures lack a class."""
    if len(np.unique(true)) < len(classes):
        return float("nan")
    if len(classes) == 2:
        return float(roc_auc_score(true == classes[0], scores[:, 0]))
    return float(roc_auc_score(true, scores, multi_class="ovr", average="macro", labels=classes))


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


def _balanced(true: np.ndarray, named: np.ndarray) -> float:
    return float(np.mean([np.mean(named[true == name] == name) for name in np.unique(true)]))


def _interval(statistic: Any, data: tuple[np.ndarray, ...], seed: int) -> dict[str, float | None]:
    value = statistic(*data)
    if not np.isfinite(value):
        return {"value": None, "low": None, "high": None}
    resampled = bootstrap(
        data,
        statistic,
        n_resamples=RESAMPLES,
        paired=True,
        vectorized=False,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).bootstrap_distribution
    low, high = np.nanquantile(resampled, [0.025, 0.975])
    return {"value": float(value), "low": float(low), "high": float(high)}
