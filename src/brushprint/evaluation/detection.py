"""How well a network separates human from AI pictures, whatever its task: measures on test pictures.

AI is the positive class: a false alarm is a human work that is called AI, a miss is an AI work that is called human.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest
from sklearn.metrics import precision_recall_curve, roc_curve

from brushprint.stats import bootstrap
from brushprint.stats.bootstrap import Estimate
from brushprint.stats.group_sums import group_sums
from brushprint.stats.intervals import FEWEST
from brushprint.stats.roc import RocAuc, at_least

MEASURES = ("accuracy", "balanced_accuracy", "recall", "false_alarms", "misses", "roc_auc", "average_precision")
UNKNOWN: Estimate = {"value": None, "low": None, "high": None}


def evaluate(
    is_ai: np.ndarray,
    score: np.ndarray,
    *,
    called_ai: np.ndarray,
    groups: np.ndarray,
    seed: int,
) -> dict[str, Any]:
    """Measure how well test pictures are classified as human or AI.

    The threshold must have been chosen on other pictures.

    Parameters
    ----------
    is_ai : bool [pictures]
    score : float [pictures], the probability of AI, 0 to 1
    called_ai : bool [pictures], whether each picture is called AI if an answer is forced
    groups : int [pictures], the same number for near duplicates
    seed : seed of the bootstrap

    Returns
    -------
    `pictures`, `human` and `ai`, the numbers of pictures; `why`, the reason why there are too few for a conclusion, or
    null; `majority`, the accuracy of always predicting the more frequent origin; and the following measures, each with
    `value`, `low` and `high`, a 95 % bootstrap interval (see `brushprint.stats.bootstrap`), null if undefined:

    - `accuracy`, and `balanced_accuracy`, the mean over the origins that have pictures
    - `recall`, `misses`: the share of AI works that are called AI, and the rest
    - `false_alarms`: the share of human works that are called AI
    - `roc_auc`, `average_precision`: as in scikit-learn; they need pictures of both origins
    """
    human, ai = int((~is_ai).sum()), int(is_ai.sum())
    few = [name for name, count in (("human", human), ("AI", ai)) if count < FEWEST]
    estimates = _intervals(is_ai, score, called_ai, groups=groups, seed=seed)
    return {
        "pictures": len(score),
        "human": human,
        "ai": ai,
        "why": f"fewer than {FEWEST} {' and '.join(few)} pictures" if few else None,
        "majority": max(human, ai) / len(score) if len(score) else None,
        **estimates,
    }


def evaluate_predictions(tested: pd.DataFrame, seed: int) -> dict[str, Any]:
    """The result of `evaluate` for the test pictures of a variant.

    `tested` holds their rows of the table of `brushprint.evaluation.predictions.predictions_table`.
    """
    return evaluate(
        (tested["origin"] == "ai").to_numpy(),
        tested["ai_probability"].to_numpy(),
        called_ai=tested["called_ai"].to_numpy(),
        groups=tested["group"].to_numpy(),
        seed=seed,
    )


def curves(is_ai: np.ndarray, score: np.ndarray) -> pd.DataFrame:
    """ROC and precision–recall curves: columns `curve` (`roc` or `precision_recall`), `x`, `y` and `threshold`.

    In the ROC curve, x is the false positive rate and y is recall. In the precision–recall curve, x is recall and y is
    precision; recall decreases from row to row, and the end at which no picture is called AI is omitted. There are no
    rows unless both origins have pictures.
    """
    columns = ["curve", "x", "y", "threshold"]
    if is_ai.all() or not is_ai.any():
        return pd.DataFrame(columns=columns)
    false_alarms, recall, thresholds = roc_curve(is_ai, score)
    roc = pd.DataFrame({"curve": "roc", "x": false_alarms, "y": recall, "threshold": thresholds})
    precision, recall, thresholds = precision_recall_curve(is_ai, score, drop_intermediate=True)
    rows = {"curve": "precision_recall", "x": recall[:-1], "y": precision[:-1], "threshold": thresholds}
    return pd.concat([roc, pd.DataFrame(rows)], ignore_index=True)


def by_style_and_source(table: pd.DataFrame) -> pd.DataFrame:
    """For each source and style, the share of pictures that are called AI, and the share that is called correctly.

    Parameters
    ----------
    table : one row for each picture: `origin` (`ai` or `human`), `source`, `style` (may be missing), `called_ai` (bool)

    Returns
    -------
    One row for each source and style, sorted by `origin`, `source` and `style` (an unknown style is None and comes
    last): `pictures`, and the shares `called_ai` and `right`, each with the ends `_low` and `_high` of its 95 % Wilson
    interval (1927). Near duplicates count as separate pictures.
    """
    kinds = ["origin", "source", "style"]
    rows = []
    for (origin, source, style), called in table.groupby(kinds, dropna=False)["called_ai"]:
        alarms, pictures = int(called.sum()), len(called)
        right = alarms if origin == "ai" else pictures - alarms
        kind = {"origin": origin, "source": source, "style": None if pd.isna(style) else style, "pictures": pictures}
        rows.append(kind | _wilson("called_ai", alarms, pictures) | _wilson("right", right, pictures))
    shares = pd.DataFrame(rows, columns=[*kinds, "pictures", *_wilson("called_ai", 0, 1), *_wilson("right", 0, 1)])
    # pandas would turn None into nan.
    shares["style"] = shares["style"].astype(object).where(shares["style"].notna(), None)
    return shares.sort_values(kinds, ignore_index=True)


def _wilson(name: str, hits: int, pictures: int) -> dict[str, float]:
    ends = binomtest(hits, pictures).proportion_ci(method="wilson")
    return {name: hits / pictures, f"{name}_low": float(ends.low), f"{name}_high": float(ends.high)}


def _intervals(
    is_ai: np.ndarray, score: np.ndarray, called_ai: np.ndarray, *, groups: np.ndarray, seed: int
) -> dict[str, Estimate]:
    """The intervals of `MEASURES`."""
    estimates = dict.fromkeys(MEASURES, UNKNOWN)
    if not len(score):
        return estimates
    levels, place = np.unique(score, return_inverse=True)
    sums, roc_auc = group_sums(place, len(levels)), RocAuc(is_ai, score)
    counted = np.array([is_ai, ~is_ai, is_ai & called_ai, ~is_ai & called_ai], dtype=float)

    def statistics(drawn: np.ndarray) -> dict[str, np.ndarray]:
        ai, human = (at_least(sums @ (drawn * side[:, None])) for side in (is_ai, ~is_ai))
        ranking = {"roc_auc": roc_auc(drawn), "average_precision": _average_precision(ai, human)}
        return _shares(*(counted @ drawn)) | ranking

    values = statistics(np.ones((len(score), 1), dtype=np.float32))
    parts = [statistics(drawn) for drawn in bootstrap.weights(groups, seed)]
    ai = groups[is_ai]
    sides = {"accuracy": groups, "false_alarms": groups[~is_ai], "misses": ai, "recall": ai}
    for name in MEASURES:
        value, resampled = values[name][0], np.concatenate([part[name] for part in parts])
        side = sides.get(name, groups[:0])
        if len(side):
            estimates[name] = bootstrap.interval_of_share(value, resampled, len(np.unique(side)))
        else:
            estimates[name] = bootstrap.interval(value, resampled)
    if estimates["balanced_accuracy"]["value"] in (0, 1):
        estimates["balanced_accuracy"] = _all_alike([estimates["false_alarms"], estimates["misses"]])
    return estimates


def _all_alike(wrong: Sequence[Estimate]) -> Estimate:
    """The interval of a balanced accuracy of 0 or 1, from the intervals of its error rates, `wrong`.

    The resamples cannot give an interval, because they all have the same value. This interval is wider than needed,
    because it combines the ends of both intervals.
    """
    known = [share for share in wrong if share["value"] is not None]

    def right(shares: Iterable[float | None]) -> float:
        return 1 - sum(share for share in shares if share is not None) / len(known)

    return {
        "value": right(share["value"] for share in known),
        "low": right(share["high"] for share in known),
        "high": right(share["low"] for share in known),
    }


def _shares(ai: np.ndarray, human: np.ndarray, detected: np.ndarray, accused: np.ndarray) -> dict[str, np.ndarray]:
    """The shares [resamples] from the numbers of AI and human works, and how many of each are called AI.

    A share of an origin without pictures is nan.
    """
    with np.errstate(invalid="ignore"):
        recall, alarms = detected / ai, accused / human
    both = np.array([recall, 1 - alarms])
    return {
        "accuracy": (detected + human - accused) / (ai + human),
        "balanced_accuracy": np.nansum(both, axis=0) / np.isfinite(both).sum(0),
        "recall": recall,
        "false_alarms": alarms,
        "misses": 1 - recall,
    }


def _average_precision(ai: np.ndarray, human: np.ndarray) -> np.ndarray:
    """Average precision [resamples]; nan unless both origins have pictures."""
    hits = ai[:-1] - ai[1:]
    # The denominator may be raised to 1 because a level at or above which no picture is drawn has no hits.
    precision = ai[:-1] / np.maximum(ai[:-1] + human[:-1], 1)
    with np.errstate(invalid="ignore"):
        return np.where((ai[0] > 0) & (human[0] > 0), (hits * precision).sum(0) / ai[0], np.nan)
