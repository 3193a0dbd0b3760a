"""What a network of any task says of human or AI, and how often it is wrong to either side."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest
from sklearn.metrics import precision_recall_curve, roc_curve

from brushprint import bootstrap

# False alarms on human works that are borne where as many AI works as possible are to be found.
ALARMS = 0.01
# Of fewer human works one in a hundred cannot be told.
ENOUGH = 100


def ai_probability(predictions: pd.DataFrame, origins: Mapping[str, str]) -> np.ndarray:
    """The probability that each picture was made by AI, float64 [pictures]: that of the AI classes, added up.

    `predictions` has a column `p_<class>` for each class; `origins` maps classes to `human` or `ai`.
    """
    classes = [column.removeprefix("p_") for column in predictions.columns if column.startswith("p_")]
    return predictions[[f"p_{name}" for name in classes if origins[name] == "ai"]].sum(axis=1).to_numpy(dtype=float)


def threshold(is_ai: np.ndarray, score: np.ndarray) -> float:
    """The score above which a picture is called AI: of the largest balanced accuracy (Youden, 1950).

    It lies in the middle between two scores; of several as good the nearest to 0.5 is taken, and 0.5 where only one
    origin is there. `is_ai` is bool and `score` in [0, 1], both [pictures], of validation pictures: test pictures
    choose nothing.
    """
    if is_ai.all() or not is_ai.any():
        return 0.5
    levels = np.unique(score)
    cuts = np.concatenate([[0.0], (levels[1:] + levels[:-1]) / 2, [0.5]])
    found = 1 - np.searchsorted(np.sort(score[is_ai]), cuts, "right") / is_ai.sum()
    cleared = np.searchsorted(np.sort(score[~is_ai]), cuts, "right") / (~is_ai).sum()
    good = cuts[found + cleared >= (found + cleared).max() - 1e-12]
    return float(min(good, key=lambda cut: (abs(cut - 0.5), cut)))


def cut_off(score: np.ndarray) -> float | None:
    """The score that at most one in a hundred of the human works with these scores exceeds; None for too few."""
    return float(np.quantile(score, 1 - ALARMS, method="higher")) if len(score) >= ENOUGH else None


def rates(right: np.ndarray, is_ai: np.ndarray, drawn: np.ndarray) -> dict[str, np.ndarray]:
    """How often answers are right, of resampled pictures.

    Parameters
    ----------
    right : float [kinds, pictures], 1 where the answer of a kind (network, change of the pictures) is right
    is_ai : bool [pictures]
    drawn : how often each picture is drawn, [pictures, resamples]

    Returns
    -------
    `accuracy`, `balanced_accuracy`, `false_alarms` (share of human works called AI) and `misses` (share of AI works
    called human), each [kinds, resamples], nan where no such picture is drawn.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        human, ai = ((right[:, side] @ drawn[side]) / drawn[side].sum(0) for side in (~is_ai, is_ai))
        accuracy = (right @ drawn) / drawn.sum(0)
    return {"accuracy": accuracy, "balanced_accuracy": (human + ai) / 2, "false_alarms": 1 - human, "misses": 1 - ai}


def evaluate(
    is_ai: np.ndarray, score: np.ndarray, cuts: Mapping[str, float | None], groups: np.ndarray, seed: int
) -> dict[str, Any]:
    """How well human and AI works are told apart; AI is what is looked for.

    Parameters
    ----------
    is_ai, score : bool and float [pictures], the latter the probability of AI
    cuts : `threshold` and `cut_off`, both chosen on validation pictures by the functions of these names
    groups : a number for each picture, the same for near duplicates
    seed : of the bootstrap

    Returns
    -------
    `pictures`, `human`, `ai` (counts), `threshold`, `majority` (accuracy of always naming the more frequent origin),
    and with intervals what `rates` gives, `roc_auc`, `average_precision` and, null without a cut-off, `strict`: the
    `cut_off`, the share of AI works `found` above it, and the `false_alarms` that it has on these pictures.
    """
    right = [(score > cuts["threshold"]) == is_ai]
    if cuts["cut_off"] is not None:
        right.append((score > cuts["cut_off"]) == is_ai)
    areas = _Areas(is_ai, score)

    def statistics(drawn: np.ndarray) -> dict[str, np.ndarray]:
        return rates(np.array(right, dtype=float), is_ai, drawn) | areas(drawn)

    value = statistics(np.ones((len(is_ai), 1), dtype=np.float32))
    parts = [statistics(drawn) for drawn in bootstrap.weights(groups, seed)]
    found = {
        name: bootstrap.interval(of[..., 0], np.concatenate([part[name] for part in parts], axis=-1))
        for name, of in value.items()
    }
    strict = None
    if cuts["cut_off"] is not None:
        missed, alarms = found["misses"][1], found["false_alarms"][1]
        turned = {"value": missed["value"], "low": missed["high"], "high": missed["low"]}
        strict = {
            "cut_off": cuts["cut_off"],
            "found": {name: None if share is None else 1 - share for name, share in turned.items()},
            "false_alarms": alarms,
        }
    return {
        "pictures": len(is_ai),
        "human": int((~is_ai).sum()),
        "ai": int(is_ai.sum()),
        "threshold": cuts["threshold"],
        "majority": float(max(is_ai.mean(), 1 - is_ai.mean())),
        **{name: measure[0] if isinstance(measure, list) else measure for name, measure in found.items()},
        "strict": strict,
    }


class _Areas:
    """ROC AUC and average precision of weighted pictures, without sorting the scores anew for each resample."""

    def __init__(self, is_ai: np.ndarray, score: np.ndarray) -> None:
        self.order = np.argsort(-score, kind="stable")
        self.is_ai = is_ai[self.order][:, None]
        # The last place of each run of equal scores: only there is a threshold.
        self.last = np.flatnonzero(np.append(np.diff(score[self.order]) != 0, True))

    def __call__(self, drawn: np.ndarray) -> dict[str, np.ndarray]:
        drawn = drawn[self.order].astype(float)
        found = np.cumsum(drawn * self.is_ai, axis=0)[self.last]
        alarms = np.cumsum(drawn * ~self.is_ai, axis=0)[self.last]
        steps = np.diff(found, axis=0, prepend=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            precision = np.where(found + alarms > 0, found / (found + alarms), 0)
            average = (steps * precision).sum(0) / found[-1]
            before = np.concatenate([np.zeros_like(found[:1]), found[:-1]])
            area = (np.diff(alarms, axis=0, prepend=0) * (found + before) / 2).sum(0) / (found[-1] * alarms[-1])
        return {"roc_auc": area, "average_precision": average}


def cuts(is_ai: np.ndarray, score: np.ndarray) -> dict[str, float | None]:
    """The `threshold` and the `cut_off` of validation pictures."""
    return {"threshold": threshold(is_ai, score), "cut_off": cut_off(score[~is_ai])}


def curves(is_ai: np.ndarray, score: np.ndarray) -> pd.DataFrame:
    """ROC and precision-recall curve as scikit-learn has them: `curve`, `x`, `y`; empty where an origin is missing."""
    columns = ["curve", "x", "y"]
    if is_ai.all() or not is_ai.any():
        return pd.DataFrame(columns=columns)
    false, true, _ = roc_curve(is_ai, score)
    precision, recall, _ = precision_recall_curve(is_ai, score)
    parts = [("roc", false, true), ("precision-recall", recall, precision)]
    return pd.concat([pd.DataFrame(dict(zip(columns, part, strict=True))) for part in parts], ignore_index=True)


def by_style_and_source(pictures: pd.DataFrame) -> pd.DataFrame:
    """How often pictures of each style and source are told rightly human or AI.

    `pictures` has the columns `source`, `style` (missing where unknown) and `right` (bool). Returns a row a source and
    style, sorted, with `pictures`, and `right`, `low` and `high`: the share and its interval (Wilson, 1927).
    """
    rows = []
    for (source, style), inside in pictures.groupby(["source", "style"], dropna=False):
        found = binomtest(int(inside["right"].sum()), len(inside))
        low, high = found.proportion_ci(bootstrap.LEVEL, method="wilson")
        rows.append((source, None if pd.isna(style) else style, len(inside), found.statistic, low, high))
    table = pd.DataFrame(rows, columns=["source", "style", "pictures", "right", "low", "high"])
    return table.astype({"source": str, "pictures": int, "right": float, "low": float, "high": float})
