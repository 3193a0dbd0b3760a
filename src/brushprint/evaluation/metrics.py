"""Measures of predicted classes, with their intervals and the majority baseline."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix, roc_curve

from brushprint.core.errors import UserError
from brushprint.stats import bootstrap
from brushprint.stats.group_sums import group_sums
from brushprint.stats.roc import RocAuc

TOP = (2, 3, 5)
PARTS = ("origin", "source", "style")
SCORES = ("precision", "recall", "f1-score")


def evaluate(predictions: pd.DataFrame, parts: pd.DataFrame, groups: np.ndarray, seed: int) -> dict[str, Any]:
    """Evaluate the predictions of one partition.

    Parameters
    ----------
    predictions : columns `label`, `predicted` and `p_<class>`, see `brushprint.evaluation.predictions`
    parts : one row for each class, in the order of the confusion matrix; columns as in the result of `parts_of`
    groups : int [pictures], the same number for near duplicates, which the bootstrap draws together
    seed : seed of the bootstrap

    Returns
    -------
    `pictures`, their number, and the following measures, each with `value`, `low` and `high`, a 95 % percentile
    bootstrap interval (see `brushprint.stats.bootstrap`), null if undefined:

    - `accuracy`, `balanced_accuracy`, and `loss`, the mean cross-entropy in nats
    - `roc_auc`: for two classes, the ROC AUC of the first; otherwise the macro average of each class against the rest
    - `top`: for each k of `TOP` that is less than the number of classes, how often the true class is among the k
      likeliest classes
    - `parts`: for each column of `parts`, the `accuracy` of its likeliest value, where the probability of a value is
      the sum over its classes, and the `majority` baseline of the column, as below, without an interval
    - `report`: `precision`, `recall` and `f1-score` of each class, with the number of its pictures, `support`; and the
      averages "macro avg" and "weighted avg" (weighted by support)

    and, without an interval, `majority`, the accuracy of always predicting the most frequent class, and `confusion`,
    with one row for each true class and one column for each predicted class.

    The scores of a class without pictures are null. Averages, including those in each resample, omit such classes. The
    precision of a class that is never predicted counts as 0, as in scikit-learn.

    Raises `UserError` if there are no pictures.
    """
    if predictions.empty:
        raise UserError("a partition has no picture with a class, so it cannot be evaluated; set another split")
    classes = parts.index
    true, predicted = classes.get_indexer(predictions["label"]), classes.get_indexer(predictions["predicted"])
    scores = predictions[[f"p_{name}" for name in classes]].to_numpy()
    places = _places(true, scores)
    tops = [k for k in TOP if k < len(classes)]
    part_hits = {column: _part(true, scores, parts[column]) for column in parts}
    means = {
        "accuracy": true == predicted,
        "loss": -np.log(scores[np.arange(len(true)), true].clip(np.finfo(float).eps)),
        **{f"top {k}": places < k for k in tops},
        **{f"part {column}": hits for column, (hits, _) in part_hits.items()},
    }
    estimates = _bootstrap(true, predicted, scores, means, groups=groups, seed=seed)
    rows = [*classes, "macro avg", "weighted avg"]
    support = [*np.bincount(true, minlength=len(classes)).tolist(), len(true), len(true)]
    return {
        "pictures": len(true),
        **{key: estimates[key] for key in ("accuracy", "balanced_accuracy", "roc_auc")},
        "majority": _majority(true),
        "loss": estimates["loss"],
        "top": {str(k): estimates[f"top {k}"] for k in tops},
        "parts": {
            column: {"accuracy": estimates[f"part {column}"], "majority": majority}
            for column, (_, majority) in part_hits.items()
        },
        "report": {
            name: dict(zip(SCORES, row, strict=True)) | {"support": pictures}
            for name, row, pictures in zip(rows, estimates["report"], support, strict=True)
        },
        "confusion": confusion_matrix(true, predicted, labels=range(len(classes))).tolist(),
    }


def parts_of(pictures: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """The labels that a class implies in addition to its own name: the class "ai baroque" also implies `ai`.

    Parameters and result are those of `class_labels`. The result omits columns with a single value, and columns with as
    many values as there are classes, because such a column is the task itself.
    """
    labels = class_labels(pictures, classes)
    return labels[[column for column in labels if 1 < labels[column].nunique() < len(classes)]]


def class_labels(pictures: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """All labels that a class implies: the class "ai baroque" implies `ai` and `baroque`.

    Parameters
    ----------
    pictures : columns `label` (class) and `PARTS`, in which values may be missing; every class has pictures
    classes : the names of the classes

    Returns
    -------
    One row for each class, and those columns of `PARTS` in which every class has exactly one value.
    """
    groups = pictures.groupby("label")[list(PARTS)]
    # A missing value counts as a value: a class in which only some pictures have a style has no single style.
    single = (groups.nunique(dropna=False) == 1).reindex(classes)
    values = groups.first().reindex(classes)
    return values[[column for column in PARTS if single[column].all() and values[column].notna().all()]]


def curve(predictions: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """ROC curves of classes: columns `class`, `false_positive_rate`, `true_positive_rate` and `threshold`.

    Each curve is of one class against the rest. Of two classes, only the first has a curve, because the other curve is
    its mirror image. A class that has no picture, or all pictures, has no rows.
    """
    curves = []
    for name in classes[:1] if len(classes) == 2 else classes:
        is_class = (predictions["label"] == name).to_numpy()
        if is_class.any() and not is_class.all():
            false, true, threshold = roc_curve(is_class, predictions[f"p_{name}"])
            rates = {"false_positive_rate": false, "true_positive_rate": true, "threshold": threshold}
            curves.append(pd.DataFrame({"class": name, **rates}))
    columns = ["class", "false_positive_rate", "true_positive_rate", "threshold"]
    return pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(columns=columns)


def _majority(true: np.ndarray) -> float:
    return float(np.bincount(true).max() / len(true))


def _places(true: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """The number of classes that are likelier than the true one, [pictures].

    Of equally likely classes, the first counts as likelier, as in argmax.
    """
    own = scores[np.arange(len(true)), true][:, None]
    earlier = np.arange(scores.shape[1]) < true[:, None]
    return (scores > own).sum(1) + ((scores == own) & earlier).sum(1)


def _part(true: np.ndarray, scores: np.ndarray, values: pd.Series) -> tuple[np.ndarray, float]:
    """Whether the likeliest value of a column is the true one, bool [pictures], and its majority baseline."""
    value, names = pd.factorize(values)
    belongs = np.equal.outer(value, np.arange(len(names)))
    return (scores @ belongs).argmax(1) == value[true], _majority(value[true])


def _bootstrap(
    true: np.ndarray,
    predicted: np.ndarray,
    scores: np.ndarray,
    means: dict[str, np.ndarray],
    *,
    groups: np.ndarray,
    seed: int,
) -> dict[str, Any]:
    """The intervals of `balanced_accuracy`, `roc_auc`, `report`, and the means of `means`, one value for each picture.

    A resample holds the number of times that each picture is drawn, so every statistic is computed with these weights.
    The value itself is computed with all weights equal to 1.
    """
    pictures, classes = scores.shape
    cells = group_sums(true * classes + predicted, classes**2)
    curves = [RocAuc(true == index, scores[:, index]) for index in range(1 if classes == 2 else classes)]
    rows = np.array(list(means.values()), dtype=float)

    def statistics(drawn: np.ndarray) -> dict[str, np.ndarray]:
        report = _report((cells @ drawn).reshape(classes, classes, -1).astype(float))
        weighted = dict(zip(means, rows @ drawn / drawn.sum(0, dtype=float), strict=True))
        areas = np.array([curve(drawn) for curve in curves])
        return weighted | {"balanced_accuracy": report[-2, 1], "roc_auc": _mean(areas), "report": report}

    values = statistics(np.ones((pictures, 1), dtype=np.float32))
    resampled = [statistics(drawn) for drawn in bootstrap.weights(groups, seed)]
    return {
        key: bootstrap.interval_of_each(value[..., 0], np.concatenate([part[key] for part in resampled], axis=-1))
        for key, value in values.items()
    }


def _report(confusion: np.ndarray) -> np.ndarray:
    """Precision, recall and F1, [classes + 2, 3, resamples], from counts [true, predicted, resamples].

    The last two rows are the macro and the weighted average. The scores of a class without pictures are nan.
    """
    hits, support, predicted = np.einsum("iir->ir", confusion), confusion.sum(1), confusion.sum(0)
    with np.errstate(invalid="ignore"):
        # F1 is twice the true positives, divided by the pictures of the class plus the pictures predicted as the class
        # (van Rijsbergen, 1979). This form is defined even if no picture is predicted as the class.
        scores = np.stack([hits / np.maximum(predicted, 1), hits / support, 2 * hits / (support + predicted)])
    scores = np.where(support > 0, scores, np.nan).swapaxes(0, 1)
    weighted = np.nansum(scores * support[:, None], axis=0) / support.sum(0)
    return np.concatenate([scores, [_mean(scores), weighted]])


def _mean(values: np.ndarray) -> np.ndarray:
    """The mean over the first axis without the values that are nan; nan where all values are nan."""
    with np.errstate(invalid="ignore"):
        return np.nansum(values, axis=0) / np.isfinite(values).sum(axis=0)
