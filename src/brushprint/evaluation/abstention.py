"""Verdicts `human`, `ai` or `unsure`, chosen so that few works of either origin are given the other one.

The method is split conformal prediction, applied to each origin separately (Vovk, Gammerman and Shafer, 2005, section
4.5; Sadinle, Lei and Wasserman, 2019).
"""

from collections.abc import Mapping
from typing import Any, TypedDict

import numpy as np
from scipy.special import expit, logit

from brushprint.stats import bootstrap
from brushprint.stats.bootstrap import Estimate

# At most one in `ONE_IN` works of an origin is given the other origin.
ONE_IN = 10
LEVEL = 1 / ONE_IN
# The ends of the band are moved outward by this many log-odds, because another runtime or half precision changes a
# score by less.
MARGIN = 0.02


class Ends(TypedDict):
    """The limits of the verdicts: a picture is called human below `low`, and AI above `high`.

    A limit is None if there are too few validation pictures to ever give that verdict.
    """

    low: float | None
    high: float | None


class Band(Ends):
    """The result of `band`."""

    human: int
    ai: int
    why: str | None


def band(is_ai: np.ndarray, score: np.ndarray, groups: np.ndarray) -> Band:
    """Choose, on validation pictures, the band of scores in which the verdict is `unsure`.

    With n human works, a score counts as unlike human works if it is above the floor((n + 1) `LEVEL`)-th highest of
    their scores. At most the share `LEVEL` of further human works drawn in the same way has such a score, whatever the
    distribution of the scores and however many scores are equal. For AI works the same holds from below. The two cuts
    are the ends of the band. A picture above the band is called AI, because it is unlike human works and like AI works;
    a picture below the band is called human. A picture within the band, or at its ends, is like both origins or like
    neither. The ends are moved outward by `MARGIN`, which can only reduce the shares.

    The share is also a mean over draws of the validation pictures: with the cuts of one draw, it may be larger or
    smaller. The theory assumes pictures that had no part in training, but the validation pictures choose the epoch.
    Near duplicates count once: each group of an origin is represented by the score that is most extreme towards the
    other origin, so that the share holds for any picture of a group.

    Parameters
    ----------
    is_ai : bool [pictures]
    score : float [pictures], the calibrated probability of AI, 0 to 1
    groups : int [pictures], the same number for near duplicates

    Returns
    -------
    `low` and `high`, see `Ends`; `human` and `ai`, the number of groups of near duplicates of each origin; and `why`,
    the reason why a verdict is never given, or None
    """
    human = np.sort(_of_groups(np.maximum, score[~is_ai], groups[~is_ai]))[::-1]
    ai = np.sort(_of_groups(np.minimum, score[is_ai], groups[is_ai]))
    unlike_human, unlike_ai = _cut(human), _cut(ai)
    cuts = [cut for cut in (unlike_human, unlike_ai) if cut is not None]
    few = [name for name, cut in (("human", unlike_human), ("AI", unlike_ai)) if cut is None]
    return {
        "low": None if unlike_ai is None else float(expit(logit(min(cuts)) - MARGIN)),
        "high": None if unlike_human is None else float(expit(logit(max(cuts)) + MARGIN)),
        "human": len(human),
        "ai": len(ai),
        "why": f"fewer than {ONE_IN - 1} {' and '.join(few)} validation pictures" if few else None,
    }


def decide(score: float, band: Ends) -> str:
    """The verdict (`human`, `ai` or `unsure`) for a calibrated probability of AI and the ends of the band."""
    if band["high"] is not None and score > band["high"]:
        return "ai"
    if band["low"] is not None and score < band["low"]:
        return "human"
    return "unsure"


def evaluate(
    is_ai: np.ndarray,
    score: np.ndarray,
    groups: np.ndarray,
    band: Ends,
    *,
    called_ai: np.ndarray,
    seed: int,
) -> dict[str, Any]:
    """Measure how often the verdicts on test pictures are wrong.

    Parameters
    ----------
    is_ai, score, groups : as for `band`, but of test pictures
    band : the result of `band`
    called_ai : bool [pictures], the answers of the network if it is forced to answer
    seed : seed of the bootstrap

    Returns
    -------
    `pictures`, `human` and `ai`, the numbers of pictures; and the following shares, each with `value`, `low` and
    `high`, a 95 % bootstrap interval (see `brushprint.stats.bootstrap`), null if there is no picture to count:

    - `unsure`: of all pictures, the share with the verdict `unsure`
    - `wrong`: of the pictures that are called human or AI, the share with the wrong verdict
    - `human_called_ai`, `ai_called_human`: of all human works and of all AI works, the share with the wrong verdict
    - `always`: `wrong`, `human_called_ai` and `ai_called_human` for the answers `called_ai`
    """
    verdicts = np.array([decide(value, band) for value in score], dtype=str)
    answers = {"": (verdicts == "ai", verdicts == "human"), "always ": (called_ai, ~called_ai)}
    shares = {"unsure": (verdicts == "unsure", np.ones_like(is_ai))}
    for name, (ai, human) in answers.items():
        shares[f"{name}wrong"] = np.where(is_ai, human, ai), ai | human
        shares[f"{name}human_called_ai"] = ai & ~is_ai, ~is_ai
        shares[f"{name}ai_called_human"] = human & is_ai, is_ai
    estimates = _intervals(shares, groups, seed)
    always = {name.removeprefix("always "): estimates.pop(name) for name in shares if name.startswith("always ")}
    counts = {"pictures": len(score), "human": int((~is_ai).sum()), "ai": int(is_ai.sum())}
    return {**counts, **estimates, "always": always}


def _of_groups(extreme: np.ufunc, score: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """The most extreme score of each group, where `extreme` is `np.maximum` or `np.minimum`."""
    order = np.argsort(groups, kind="stable")
    _, starts = np.unique(groups[order], return_index=True)
    return extreme.reduceat(score[order], starts)


def _cut(ranked: np.ndarray) -> float | None:
    """The cut: at most the share `LEVEL` of the works has a more extreme score. None if there are too few works.

    `ranked` holds the scores, the most extreme first.
    """
    place = (len(ranked) + 1) // ONE_IN
    return float(ranked[place - 1]) if place else None


def _intervals(
    shares: Mapping[str, tuple[np.ndarray, np.ndarray]], groups: np.ndarray, seed: int
) -> dict[str, Estimate]:
    """The interval of each share; `shares` holds two arrays bool [pictures]: the hits, and the pictures that count."""
    hits, counted = (np.array(rows, dtype=float) for rows in zip(*shares.values(), strict=True))
    if not len(groups):
        return {name: bootstrap.interval(np.nan, np.empty(0)) for name in shares}
    with np.errstate(invalid="ignore"):
        values = hits.sum(1) / counted.sum(1)
        parts = [(hits @ drawn) / (counted @ drawn) for drawn in bootstrap.weights(groups, seed)]
    resampled = np.concatenate(parts, axis=1)
    return {
        name: bootstrap.interval_of_share(value, row, len(np.unique(groups[counts > 0])))
        for name, value, row, counts in zip(shares, values, resampled, counted, strict=True)
    }
