"""How good predictions are: every figure with its interval, and its baseline beside it."""

from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csc_array
from sklearn.metrics import confusion_matrix, roc_curve

from brushprint.core.errors import UserError
from brushprint.stats import bootstrap

TOP = (2, 3, 5)
PARTS = ("origin", "source", "style")
SCORES = ("precision", "recall", "f1-score")


def evaluate(predictions: pd.DataFrame, parts: pd.DataFrame, groups: np.ndarray, seed: int) -> dict[str, Any]:
    """Judge the predictions of one partition.

    Parameters
    ----------
    predictions : columns `label`, `predicted` and `p_<class>`, see `brushprint.training.inference.infer`
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
    - `parts`: by column of `parts` its `accuracy`, when the probabilities of the classes of a value are added and the
      likeliest value is named; beside it `majority`, as below
    - `report`: `precision`, `recall`, `f1-score` and the number `support` a class, and their "macro avg" and
      "weighted avg" (by support)

    and without an interval `majority`, the accuracy of always naming the most frequent class, and `confusion`, a row a
    true class, a column a predicted one.

    A class without pictures cannot be judged: its scores are null, and averages are over the other classes, here and
    in each resample. The precision of a class that is never predicted counts 0, as in scikit-learn.

    Raises `UserError` when there are no pictures.
    """
    if predictions.empty:
        raise UserError("no pictures of a partition have a class, so there is nothing to judge; set another split")
    classes = parts.index
    true, named = classes.get_indexer(predictions["label"]), classes.get_indexer(predictions["predicted"])
    scores = predictions[[f"p_{name}" for name in classes]].to_numpy()
    places = _places(true, scores)
    tops = [k for k in TOP if k < len(classes)]
    judged = {column: _part(true, scores, parts[column]) for column in parts}
    means = {
        "accuracy": true == named,
        "loss": -np.log(scores[np.arange(len(true)), true].clip(np.finfo(float).eps)),
        **{f"top {k}": places < k for k in tops},
        **{f"part {column}": hits for column, (hits, _) in judged.items()},
    }
    found = _bootstrap(true, named, scores, means, groups=groups, seed=seed)
    averages = [*classes, "macro avg", "weighted avg"]
    support = [*np.bincount(true, minlength=len(classes)).tolist(), len(true), len(true)]
    return {
        "pictures": len(true),
        **{key: found[key] for key in ("accuracy", "balanced_accuracy", "roc_auc")},
        "majority": _majority(true),
        "loss": found["loss"],
        "top": {str(k): found[f"top {k}"] for k in tops},
        "parts": {
            column: {"accuracy": found[f"part {column}"], "majority": majority}
            for column, (_, majority) in judged.items()
        },
        "report": {
            name: dict(zip(SCORES, row, strict=True)) | {"support": pictures}
            for name, row, pictures in zip(averages, found["report"], support, strict=True)
        },
        "confusion": confusion_matrix(true, named, labels=range(len(classes))).tolist(),
    }


def class_names(predictions: pd.DataFrame) -> list[str]:
    """The classes that a table of predictions knows, in the order of the network's outputs."""
    return [column.removeprefix("p_") for column in predictions.columns if column.startswith("p_")]


def parts_of(pictures: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """What a class says beside its own name: "ai baroque" also says `ai`.

    Parameters are those of `said_by`, and so is the result, without columns of a single value, and of as many as there
    are classes: that is the task itself.
    """
    said = said_by(pictures, classes)
    return said[[column for column in said if 1 < said[column].nunique() < len(classes)]]


def said_by(pictures: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """All that a class says of a picture: "ai baroque" says `ai` and `baroque`.

    Parameters
    ----------
    pictures : columns `label` (class) and `PARTS`, of which some may be missing; every class has pictures
    classes : names

    Returns
    -------
    A row a class, and those columns of `PARTS` of which every class has exactly one value.
    """
    groups = pictures.groupby("label")[list(PARTS)]
    # A missing value is one more here: a class with and without a style has no one style.
    alone = (groups.nunique(dropna=False) == 1).reindex(classes)
    values = groups.first().reindex(classes)
    return values[[column for column in PARTS if alone[column].all() and values[column].notna().all()]]


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


def _majority(true: np.ndarray) -> float:
    return float(np.bincount(true).max() / len(true))


def _places(true: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """How many classes are likelier than the true one, [pictures]; of equals the first is, as in argmax."""
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
    named: np.ndarray,
    scores: np.ndarray,
    means: dict[str, np.ndarray],
    *,
    groups: np.ndarray,
    seed: int,
) -> dict[str, Any]:
    """Intervals of `means`, given as a value a picture, and of `balanced_accuracy`, `roc_auc` and `report`.

    A resample is given by how often each picture was drawn, so that every statistic is a weighted one, and that of
    the pictures themselves is the one with all weights 1.
    """
    pictures, classes = scores.shape
    cells = _sums(true * classes + named, classes**2)
    rankings = [_ranking(true == index, scores[:, index]) for index in range(1 if classes == 2 else classes)]
    rows = np.array(list(means.values()), dtype=float)

    def statistics(drawn: np.ndarray) -> dict[str, np.ndarray]:
        report = _report((cells @ drawn).reshape(classes, classes, -1).astype(float))
        found = dict(zip(means, rows @ drawn / drawn.sum(0, dtype=float), strict=True))
        areas = np.array([_area(*ranking, drawn) for ranking in rankings])
        return found | {"balanced_accuracy": report[-2, 1], "roc_auc": _mean(areas), "report": report}

    values = statistics(np.ones((pictures, 1), dtype=np.float32))
    resampled = [statistics(drawn) for drawn in bootstrap.weights(groups, seed)]
    return {
        key: bootstrap.interval(value[..., 0], np.concatenate([part[key] for part in resampled], axis=-1))
        for key, value in values.items()
    }


def _sums(group: np.ndarray, groups: int) -> csc_array:
    """The matrix [groups, pictures] that adds up the pictures of each group; exact to 16 million pictures."""
    pictures = len(group)
    return csc_array((np.ones(pictures, np.float32), group, np.arange(pictures + 1)), shape=(groups, pictures))


def _report(confusion: np.ndarray) -> np.ndarray:
    """Precision, recall and F1, [classes + 2, 3, resamples], the last two rows the averages; nan of an empty class."""
    hits, support, named = np.einsum("iir->ir", confusion), confusion.sum(1), confusion.sum(0)
    with np.errstate(invalid="ignore"):
        # F1 as twice the hits by the pictures that are or are called so (van Rijsbergen, 1979).
        scores = np.stack([hits / np.maximum(named, 1), hits / support, 2 * hits / (support + named)])
    scores = np.where(support > 0, scores, np.nan).swapaxes(0, 1)
    weighted = np.nansum(scores * support[:, None], axis=0) / support.sum(0)
    return np.concatenate([scores, [_mean(scores), weighted]])


def _mean(values: np.ndarray) -> np.ndarray:
    """Mean over the first axis of what is not nan; nan where all is."""
    with np.errstate(invalid="ignore"):
        return np.nansum(values, axis=0) / np.isfinite(values).sum(axis=0)


def _ranking(is_class: np.ndarray, score: np.ndarray) -> tuple[csc_array, np.ndarray, np.ndarray]:
    """What `_area` needs of a class: sums of the pictures between its scores, its pictures, the place of each.

    The m different scores of its pictures part all pictures into 2m + 1 groups: below the lowest, equal to it, between
    it and the next, and so on. The order within a group does not matter, so no resample need be sorted.
    """
    members = np.flatnonzero(is_class)
    levels, place = np.unique(score[members], return_inverse=True)
    group = np.searchsorted(levels, score, "left") + np.searchsorted(levels, score, "right")
    return _sums(group, 2 * len(levels) + 1), members, place


def _area(sums: csc_array, members: np.ndarray, place: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """ROC AUC [resamples] as the normalised Mann-Whitney U statistic (Hanley and McNeil, 1982); ties count half.

    It is nan where the class, or the rest, has no picture.
    """
    to_group = np.cumsum(sums @ drawn, axis=0, dtype=float)
    below = (to_group[1::2] + to_group[:-1:2]) / 2
    weight = drawn[members].astype(float)
    inside = weight.sum(0)
    with np.errstate(invalid="ignore"):
        return ((weight * below[place]).sum(0) - inside**2 / 2) / (inside * (drawn.sum(0, dtype=float) - inside))
