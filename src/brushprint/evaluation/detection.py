"""What any task says of human or AI: a threshold fixed on validation pictures, and how good it is on test pictures.

AI is the positive class: a false alarm calls a human work AI, a miss calls an AI work human.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csc_array
from scipy.stats import binomtest
from sklearn.metrics import precision_recall_curve, roc_curve

from brushprint.stats import bootstrap
from brushprint.stats.intervals import FEWEST

# At most this share of human works may be called AI by the strict threshold.
FALSE_ALARMS = 0.01
# Of fewer human works than this, one alone is more than that share.
ENOUGH = 100
MEASURES = ("accuracy", "balanced_accuracy", "false_alarms", "misses", "roc_auc", "average_precision")
UNKNOWN = {"value": None, "low": None, "high": None}


def ai_probability(predictions: pd.DataFrame, origins: Mapping[str, str]) -> np.ndarray:
    """The probabilities of the AI classes added up, float64 [pictures], 0 to 1.

    Parameters
    ----------
    predictions : columns `p_<class>`
    origins : the origin of each class, `ai` or `human`
    """
    of_ai = [f"p_{name}" for name, origin in origins.items() if origin == "ai" and f"p_{name}" in predictions]
    # Probabilities that are rounded may add up to a little more than 1.
    return predictions[of_ai].to_numpy(dtype=float).sum(1).clip(0, 1)


def threshold(is_ai: np.ndarray, score: np.ndarray) -> float:
    """Where to call a picture AI, `score` >= threshold: the largest balanced accuracy (Youden, 1950).

    It lies midway between two scores; of several that are as good, it is the one nearest 0.5, then the lower one. It is
    0.5 where one origin has no pictures and where no cut is better than guessing.

    Parameters
    ----------
    is_ai : bool [pictures]
    score : float [pictures], 0 to 1
    """
    levels, place = np.unique(score, return_inverse=True)
    ai, human = (np.bincount(place[side], minlength=len(levels)) for side in (is_ai, ~is_ai))
    if not ai.any() or not human.any() or len(levels) < 2:
        return 0.5
    # Youden's J times both counts, so that equals are equal to the bit.
    gain = (np.cumsum(human) * ai.sum() - np.cumsum(ai) * human.sum())[:-1]
    if gain.max() <= 0:
        return 0.5
    cuts = _between(levels[:-1], levels[1:])[gain == gain.max()]
    return float(cuts[np.abs(cuts - 0.5).argmin()])


def strict_threshold(is_ai: np.ndarray, score: np.ndarray) -> dict[str, Any]:
    """The lowest threshold that calls at most `FALSE_ALARMS` of the human works AI.

    Parameters are those of `threshold`.

    Returns
    -------
    `threshold`, midway between the scores of a human work and of a picture above it, or just above where there is none
    (null without human works), `human`, how many human works it was chosen on, and `why` it is not to be relied on, or
    null
    """
    human = np.sort(score[~is_ai])[::-1]
    if not len(human):
        return {"threshold": None, "human": 0, "why": "no human validation pictures"}
    highest = human[int(FALSE_ALARMS * len(human))]
    above = score[score > highest]
    cut = _between(highest, above.min()) if len(above) else np.nextafter(highest, 2)
    why = f"fewer than {ENOUGH} human validation pictures" if len(human) < ENOUGH else None
    return {"threshold": float(cut), "human": len(human), "why": why}


def cuts(predictions: pd.DataFrame, origins: Mapping[str, str]) -> dict[str, Any]:
    """The `threshold` and the `strict` one that the validation pictures among predictions fix.

    `predictions` are those of `brushprint.training.inference.infer`; `origins` maps classes to `human` or `ai`.
    """
    validation = predictions[predictions["partition"] == "validation"]
    is_ai, score = (validation["label"].map(origins) == "ai").to_numpy(), ai_probability(validation, origins)
    return {"threshold": threshold(is_ai, score), "strict": strict_threshold(is_ai, score)}


def origins_of(pictures: pd.DataFrame) -> dict[str, str]:
    """The origin of each class; `pictures` has the columns `label` and `origin`, and a class has one."""
    return dict(zip(pictures["label"], pictures["origin"], strict=True))


def evaluate(
    is_ai: np.ndarray,
    score: np.ndarray,
    *,
    threshold: float,
    strict: Mapping[str, Any],
    groups: np.ndarray,
    seed: int,
) -> dict[str, Any]:
    """Judge the answers "AI or human" about pictures that neither threshold was chosen on.

    Parameters
    ----------
    is_ai : bool [pictures]
    score : float [pictures], see `ai_probability`
    threshold, strict : see the functions of these names
    groups : int [pictures], the same for near duplicates
    seed : of the bootstrap

    Returns
    -------
    `pictures`, `human` and `ai`, how many there are; `why` they are too few to say much, or null; `threshold`;
    `majority`, the accuracy of always naming the more frequent origin; and as `value`, `low` and `high`, a 95 %
    bootstrap interval (see `brushprint.stats.bootstrap`), null where undefined:

    - `accuracy`, `balanced_accuracy` (mean over the origins that have pictures)
    - `false_alarms`, `misses`: the share of human works called AI, of AI works called human
    - `roc_auc`, `average_precision`, as in scikit-learn; only where both origins have pictures

    and `recall_at_1`: `threshold`, `human` and `why` of `strict`, and at that threshold `recall`, the share of AI works
    called AI, and `false_alarms`, as above, on these pictures.
    """
    human, ai = int((~is_ai).sum()), int(is_ai.sum())
    few = [name for name, count in (("human", human), ("AI", ai)) if count < FEWEST]
    found = _intervals(is_ai, score, threshold, strict["threshold"], groups=groups, seed=seed)
    return {
        "pictures": len(score),
        "human": human,
        "ai": ai,
        "why": f"fewer than {FEWEST} {' and '.join(few)} pictures" if few else None,
        "threshold": threshold,
        "majority": max(human, ai) / len(score) if len(score) else None,
        **{name: found[name] for name in MEASURES},
        "recall_at_1": {**strict, "recall": found["strict_recall"], "false_alarms": found["strict_false_alarms"]},
    }


def curves(is_ai: np.ndarray, score: np.ndarray) -> pd.DataFrame:
    """ROC and precision–recall curve: columns `curve` (`roc` or `precision_recall`), `x`, `y` and `threshold`.

    ROC: false alarms and recall. Precision–recall: recall and precision, in the order of falling recall, the end
    without pictures left out. No rows unless both origins have pictures.
    """
    columns = ["curve", "x", "y", "threshold"]
    if is_ai.all() or not is_ai.any():
        return pd.DataFrame(columns=columns)
    false, recall, cuts = roc_curve(is_ai, score)
    roc = pd.DataFrame({"curve": "roc", "x": false, "y": recall, "threshold": cuts})
    precision, recall, cuts = precision_recall_curve(is_ai, score, drop_intermediate=True)
    rows = {"curve": "precision_recall", "x": recall[:-1], "y": precision[:-1], "threshold": cuts}
    return pd.concat([roc, pd.DataFrame(rows)], ignore_index=True)


def by_style_and_source(table: pd.DataFrame) -> pd.DataFrame:
    """How the pictures of each source and style are answered.

    Parameters
    ----------
    table : a row a picture: `origin` (`ai` or `human`), `source`, `style` (may be missing), `called_ai` (bool)

    Returns
    -------
    A row a style and source, sorted by `origin`, `source` and `style` (None, where unknown, last); `pictures`, and
    shares `called_ai` and `right`, each with `_low` and `_high`, its 95 % Wilson interval (1927). Near duplicates count
    each.
    """
    kinds = ["origin", "source", "style"]
    rows = []
    for (origin, source, style), called in table.groupby(kinds, dropna=False)["called_ai"]:
        alarms, pictures = int(called.sum()), len(called)
        right = alarms if origin == "ai" else pictures - alarms
        of = {"origin": origin, "source": source, "style": None if pd.isna(style) else style, "pictures": pictures}
        rows.append(of | _wilson("called_ai", alarms, pictures) | _wilson("right", right, pictures))
    found = pd.DataFrame(rows, columns=[*kinds, "pictures", *_wilson("called_ai", 0, 1), *_wilson("right", 0, 1)])
    # Else pandas makes nan of None.
    found["style"] = found["style"].astype(object).where(found["style"].notna(), None)
    return found.sort_values(kinds, ignore_index=True)


def _wilson(name: str, hits: int, pictures: int) -> dict[str, float]:
    ends = binomtest(hits, pictures).proportion_ci(method="wilson")
    return {name: hits / pictures, f"{name}_low": float(ends.low), f"{name}_high": float(ends.high)}


def _between(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Midway, above `low` though nothing may lie between."""
    middle = (low + high) / 2
    return np.where(middle > low, middle, high)


def _intervals(
    is_ai: np.ndarray, score: np.ndarray, cut: float, strict: float | None, *, groups: np.ndarray, seed: int
) -> dict[str, dict[str, float | None]]:
    """All that has an interval, from how often each picture is drawn."""
    cuts = {"": cut} if strict is None else {"": cut, "strict_": strict}
    found = dict.fromkeys((*MEASURES, "strict_recall", "strict_false_alarms"), UNKNOWN)
    if not len(score):
        return found
    levels, place = np.unique(score, return_inverse=True)
    sums = csc_array(
        (np.ones(len(score), np.float32), place, np.arange(len(score) + 1)), shape=(len(levels), len(score))
    )

    def statistics(drawn: np.ndarray) -> dict[str, np.ndarray]:
        ai, human = (_at_least(sums @ (drawn * side[:, None])) for side in (is_ai, ~is_ai))
        shares = {prefix: _shares(ai, human, np.searchsorted(levels, at)) for prefix, at in cuts.items()}
        named = {f"{prefix}{name}": value for prefix, of in shares.items() for name, value in of.items()}
        return named | _areas(ai, human)

    values = statistics(np.ones((len(score), 1), dtype=np.float32))
    parts = [statistics(drawn) for drawn in bootstrap.weights(groups, seed)]
    sides = {"accuracy": groups, "false_alarms": groups[~is_ai], "misses": groups[is_ai], "recall": groups[is_ai]}
    for name, (value,) in values.items():
        resampled = np.concatenate([part[name] for part in parts])
        of = sides.get(name.removeprefix("strict_"), [])
        if len(of):
            found[name] = bootstrap.interval_of_share(value, resampled, len(np.unique(of)))
        else:
            found[name] = bootstrap.interval(value, resampled)
    if found["balanced_accuracy"]["value"] in (0, 1):
        found["balanced_accuracy"] = _all_alike([found["false_alarms"], found["misses"]])
    return found


def _all_alike(wrong: list[dict[str, float | None]]) -> dict[str, float]:
    """The interval of a balanced accuracy of 0 or 1 by those of its parts, as resamples do not differ there.

    Wider than need be: it has both parts at their ends at once.
    """
    known = [of for of in wrong if of["value"] is not None]
    ends = {"value": "value", "low": "high", "high": "low"}
    return {name: 1 - sum(of[end] for of in known) / len(known) for name, end in ends.items()}


def _at_least(counts: np.ndarray) -> np.ndarray:
    """Of counts by level, ascending, how many are at each level or above, and last none: [levels + 1, resamples]."""
    reached = np.cumsum(counts[::-1], axis=0, dtype=float)[::-1]
    return np.concatenate([reached, np.zeros_like(reached[:1])])


def _shares(ai: np.ndarray, human: np.ndarray, index: int) -> dict[str, np.ndarray]:
    """Shares [resamples] where the pictures from a level on are called AI, nan of an origin without pictures."""
    with np.errstate(invalid="ignore"):
        recall, alarms = ai[index] / ai[0], human[index] / human[0]
    both = np.array([recall, 1 - alarms])
    return {
        "accuracy": (ai[index] + human[0] - human[index]) / (ai[0] + human[0]),
        "balanced_accuracy": np.nansum(both, axis=0) / np.isfinite(both).sum(0),
        "false_alarms": alarms,
        "misses": 1 - recall,
        "recall": recall,
    }


def _areas(ai: np.ndarray, human: np.ndarray) -> dict[str, np.ndarray]:
    """ROC AUC (ties count half) and average precision [resamples], nan unless both origins have pictures."""
    hits = ai[:-1] - ai[1:]
    below = human[0] - (human[:-1] + human[1:]) / 2
    # A level that no picture is drawn of has no hits.
    precision = ai[:-1] / np.maximum(ai[:-1] + human[:-1], 1)
    with np.errstate(invalid="ignore"):
        area = (hits * below).sum(0) / (ai[0] * human[0])
        return {
            "roc_auc": area,
            "average_precision": np.where(np.isfinite(area), (hits * precision).sum(0) / ai[0], np.nan),
        }
