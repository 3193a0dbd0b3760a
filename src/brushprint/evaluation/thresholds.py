"""The cut-offs of the probability of AI at which pictures are called AI or human, for a given rate of false alarms.

Validation pictures choose them by split conformal prediction, for each origin by itself (Vovk, Gammerman and Shafer,
2005, section 4.5; Sadinle, Lei and Wasserman, 2019).
"""

from collections.abc import Mapping
from typing import TypedDict

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from brushprint.evaluation.sufficiency import fewest_validated
from brushprint.stats.roc import roc_auc

# The cut-offs are moved outward by this many log-odds, because another runtime or half precision changes a score by
# less.
MARGIN = 0.02


class Ends(TypedDict):
    """The limits of the verdicts: a picture is called human below `low`, and AI above `high`; see `cut_offs`.

    A limit is None if there are too few validation pictures to ever give that verdict.
    """

    low: float | None
    high: float | None


class CutOffs(Ends):
    """The result of `cut_offs`."""

    threshold: float | None
    human: int
    ai: int
    why: str | None
    recall: float | None
    roc_auc: float | None


class Chosen(CutOffs):
    """The cut-offs of calibrated scores, and the temperature that calibrates them; see `temperature`."""

    temperature: float


class Thresholds(TypedDict):
    """What validation pictures chose for a variant.

    `origins` is the origin of each class, and `rate` the rate of false alarms that was aimed at. `final` is for the
    network itself. `folds` is for the heads of a cross-validated variant, by fold as text; it is empty for others.
    """

    origins: dict[str, str]
    rate: float
    final: Chosen
    folds: dict[str, Chosen]


def origins_of(pictures: pd.DataFrame) -> dict[str, str]:
    """The only origin of each class; `pictures` has the columns `label` (class) and `origin`."""
    return dict(zip(pictures["label"], pictures["origin"], strict=True))


def ai_probability(predictions: pd.DataFrame, origins: Mapping[str, str]) -> np.ndarray:
    """The sum of the probabilities of the AI classes, float64 [pictures], 0 to 1.

    Parameters
    ----------
    predictions : columns `p_<class>`
    origins : the origin of each class, `ai` or `human`; classes without a column are ignored
    """
    columns = [f"p_{name}" for name, origin in origins.items() if origin == "ai" and f"p_{name}" in predictions]
    # The sum of rounded probabilities may slightly exceed 1.
    return predictions[columns].to_numpy(dtype=float).sum(1).clip(0, 1)


def cut_offs(is_ai: np.ndarray, score: np.ndarray, groups: np.ndarray, rate: float) -> CutOffs:
    """Choose, on validation pictures, the scores above which pictures are called AI, and below which human.

    With n human works, a score counts as unlike human works if it is above the floor((n + 1) `rate`)-th highest of
    their scores. At most the share `rate` of further human works drawn in the same way has such a score, whatever the
    distribution of the scores and however many scores are equal. For AI works the same holds from below. If an answer
    is forced, a picture that is unlike human works is called AI. If it may be `unsure`, a picture is called AI only
    if it is unlike human works and like AI works, and human likewise; others are like both origins or like neither.
    The cut-offs are moved outward by `MARGIN`, which can only reduce the shares.

    The share is also a mean over draws of the validation pictures: with the cut-offs of one draw, it may be larger or
    smaller. The theory assumes pictures that had no part in training, but the validation pictures choose the epoch.
    Near duplicates count once: each group of an origin is represented by the score that is most extreme towards the
    other origin, so that the share holds for any picture of a group.

    Parameters
    ----------
    is_ai : bool [pictures]
    score : float [pictures], the calibrated probability of AI, 0 to 1
    groups : int [pictures], the same number for near duplicates
    rate : the share of human works that may be called AI, and of AI works that may be called human

    Returns
    -------
    `threshold`, above which a picture is called AI if an answer is forced, and `low` and `high`, see `Ends`; each is
    None if there are too few pictures, in which case `why` is the reason, else None. `human` and `ai` are the numbers
    of groups of near duplicates of each origin. `recall`, the share of these AI works above the threshold, and
    `roc_auc` are for choosing between variants; they are None without the pictures that they need
    """
    human = np.sort(_of_groups(np.maximum, score[~is_ai], groups[~is_ai]))[::-1]
    ai = np.sort(_of_groups(np.minimum, score[is_ai], groups[is_ai]))
    unlike_human, unlike_ai = _cut(human, rate), _cut(ai, rate)
    both = [cut for cut in (unlike_human, unlike_ai) if cut is not None]
    few = [name for name, cut in (("human", unlike_human), ("AI", unlike_ai)) if cut is None]
    threshold = None if unlike_human is None else _moved(unlike_human, MARGIN)
    return {
        "threshold": threshold,
        "low": None if unlike_ai is None else _moved(min(both), -MARGIN),
        "high": None if unlike_human is None else _moved(max(both), MARGIN),
        "human": len(human),
        "ai": len(ai),
        "why": f"fewer than {fewest_validated(rate)} {' and '.join(few)} validation pictures" if few else None,
        "recall": float(called_ai(score[is_ai], threshold).mean()) if is_ai.any() else None,
        "roc_auc": roc_auc(is_ai, score),
    }


def of_fold(thresholds: Thresholds, fold: int) -> Chosen:
    """What was chosen for the answers of a fold's head; for the fold -1, for the network itself."""
    return thresholds["folds"].get(str(fold), thresholds["final"])


def called_ai(score: np.ndarray, threshold: float | None) -> np.ndarray:
    """Whether pictures are called AI if an answer is forced, bool like `score`; none is without a threshold."""
    return np.zeros(score.shape, dtype=bool) if threshold is None else score > threshold


def decide(score: float, ends: Ends) -> str:
    """The verdict (`human`, `ai` or `unsure`) for a calibrated probability of AI."""
    if ends["high"] is not None and score > ends["high"]:
        return "ai"
    if ends["low"] is not None and score < ends["low"]:
        return "human"
    return "unsure"


def _of_groups(extreme: np.ufunc, score: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """The most extreme score of each group, where `extreme` is `np.maximum` or `np.minimum`."""
    order = np.argsort(groups, kind="stable")
    _, starts = np.unique(groups[order], return_index=True)
    return extreme.reduceat(score[order], starts)


def _cut(ranked: np.ndarray, rate: float) -> float | None:
    """The cut: at most the share `rate` of the works has a more extreme score. None if there are too few works.

    `ranked` holds the scores, the most extreme first.
    """
    # Rounding removes the error of a product such as 60 · 0.05.
    place = int(round((len(ranked) + 1) * rate, 9))
    return float(ranked[place - 1]) if place else None


def _moved(cut: float, by: float) -> float:
    """A score moved by some log-odds."""
    return float(expit(logit(cut) + by))
