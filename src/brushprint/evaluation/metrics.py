"""How good the predictions of classes are: every measure with its interval and its baseline."""

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
    """Judge the predictions of one partition.

    Parameters
    ----------
    predictions : columns `label`, `predicted` and `p_<class>`, see `brushprint.evaluation.predictions`
    parts : a row a class, in the order of the confusion matrix; columns as `parts_of` gives them
    groups : int [pictures], the same for near duplicates, which are drawn together
    seed : of the bootstrap

    Returns
    -------
    `pictures`, and each of the following as `value`, `low` and `high`, a 95 % percentile bootstrap interval
    (see `brushprint.stats.bootstrap`), null where it is undefined:

    - `accuracy`, `balanced_accuracy`, and `loss`, mean cross-entropy in nats
    - `roc_auc`: over two classes that of the first, else of each against the rest, macro average
    - `top`: by each k of `TOP` that is less than the classes, how often the true class is among the k likeliest
    - `parts`: by column of `parts` the `accuracy` of its likeliest value, the probability of a value being the sum over
      its classes, and `majority`, as below
    - `report`: `precision`, `recall`, `f1-score` and the number `support` a class, and their "macro avg" and
      "weighted avg" (by support)

    and without an interval `majority`, the accuracy of always predicting the most frequent class, and `confusion`, a
    row a true class, a column a predicted one.

    The scores of a class without pictures are null, and averages are over the other classes, here and in each resample.
    The precision of a class that is never predicted counts as 0, as in scikit-learn.

    Raises `UserError` when there are no pictures.
    """
    if predictions.empty:
        raise UserError("no pictures of a partition have a class, so there is nothing to judge; set another split")
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
    """The labels that a class has beside its own name: "ai baroque" also has `ai`.

    Parameters and result are those of `class_labels`, without columns of a single value and without columns of as many
    values as there are classes: such a column is the task itself.
    """
    labels = class_labels(pictures, classes)
    return labels[[column for column in labels if 1 < labels[column].nunique() < len(classes)]]


def class_labels(pictures: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """All labels that a class implies: "ai baroque" has `ai` and `baroque`.

    Parameters
    ----------
    pictures : columns `label` (class) and `PARTS`, of which some may be missing; every class has pictures
    classes : names

    Returns
    -------
    A row a class, and those columns of `PARTS` of which every class has exactly one value.
    """
    groups = pictures.groupby("label")[list(PARTS)]
    # A missing value counts as a value: a class with and without a style has no single style.
    single = (groups.nunique(dropna=False) == 1).reindex(classes)
    values = groups.first().reindex(classes)
    return values[[column for column in PARTS if single[column].all() and values[column].notna().all()]]


def curve(predictions: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """ROC curve a class against the rest: columns `class`, `false_positive_rate`, `true_positive_rate`, `threshold`.

    Of two classes only the first has one: the other's is its mirror image. A class without pictures has no rows.
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
    """How many classes are likelier than the true one, [pictures]; the first of equals is likelier, as in argmax."""
    own = scores[np.arange(len(true)), true][:, None]
    earlier = np.arange(scores.shape[1]) < true[:, None]
    return (scores > own).sum(1) + ((scores == own) & earlier).sum(1)


def _part(true: np.ndarray, scores: np.ndarray, values: pd.Series) -> tuple[np.ndarray, float]:
    """Whether the likeliest value of a column is the true one, [pictures], and the majority baseline of that."""
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
    """Intervals of `means`, given as a value a picture, and of `balanced_accuracy`, `roc_auc` and `report`.

    A resample is how often each picture was drawn, so every statistic is a weighted one; the value itself has all
    weights 1.
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
    """Precision, recall and F1, [classes + 2, 3, resamples], of counts [true, predicted, resamples].

    The last two rows are the averages; the scores of a class without pictures are nan.
    """
    hits, support, predicted = np.einsum("iir->ir", confusion), confusion.sum(1), confusion.sum(0)
    with np.errstate(invalid="ignore"):
        # F1 is twice the hits by the sum of true and predicted pictures (van Rijsbergen, 1979).
        scores = np.stack([hits / np.maximum(predicted, 1), hits / support, 2 * hits / (support + predicted)])
    scores = np.where(support > 0, scores, np.nan).swapaxes(0, 1)
    weighted = np.nansum(scores * support[:, None], axis=0) / support.sum(0)
    return np.concatenate([scores, [_mean(scores), weighted]])


def _mean(values: np.ndarray) -> np.ndarray:
    """The mean over the first axis of the values that are not nan; nan where all are."""
    with np.errstate(invalid="ignore"):
        return np.nansum(values, axis=0) / np.isfinite(values).sum(axis=0)
