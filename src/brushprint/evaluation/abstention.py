"""Verdicts `human`, `ai` or `unsure`, with which few works of either origin are called the other.

Split conformal prediction, separately for each origin (Vovk, Gammerman and Shafer, 2005, section 4.5; Sadinle, Lei and
Wasserman, 2019).
"""

from collections.abc import Mapping
from typing import Any, TypedDict

import numpy as np
from scipy.special import expit, logit

from brushprint.stats import bootstrap
from brushprint.stats.bootstrap import Estimate

# At most one in so many works of an origin is called the other.
ONE_IN = 10
LEVEL = 1 / ONE_IN
# The ends are moved outward by this, in log-odds: another runtime or half precision changes a score by less.
MARGIN = 0.02


class Ends(TypedDict):
    """Below `low` a picture is called human, above `high` AI; None where too few validated to ever call it so."""

    low: float | None
    high: float | None


class Band(Ends):
    """See `band`."""

    human: int
    ai: int
    why: str | None


def band(is_ai: np.ndarray, score: np.ndarray, groups: np.ndarray) -> Band:
    """The scores between which there is no verdict, by validation pictures.

    With n human works, a score above the floor((n + 1) `LEVEL`)-th highest of theirs is unlike human works: of human
    works that are drawn like these, at most the share `LEVEL` scores so, whatever the distribution of the scores and
    however many are equal. For AI works the same holds from below. The two cuts make the band. A picture above it is
    called AI, because it is unlike human works and like AI ones; a picture below it is called human. Within the band,
    and at its ends, a picture is like both, or like neither. The ends are moved outward by `MARGIN`, which only makes
    the shares smaller.

    The share is a mean over draws of the validation pictures, too: the cuts of one draw may let more or fewer through.
    The theory asks for pictures that had no part in training; validation pictures have one, because they choose the
    epoch. Near duplicates count once: each group of an origin counts with its most extreme score on the other's side,
    so that the share holds for any picture of a group.

    Parameters
    ----------
    is_ai : bool [pictures]
    score : float [pictures], the calibrated probability of AI, 0 to 1
    groups : int [pictures], the same for near duplicates

    Returns
    -------
    `low` and `high`, see `Ends`; `human` and `ai`, how many groups of each validated; and `why` a verdict is never
    given, or None
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
        "why": f"fewer than {ONE_IN - 1} {' and '.join(few)} works that validate" if few else None,
    }


def decide(score: float, band: Ends) -> str:
    """`human`, `ai` or `unsure`, by the calibrated probability of AI and the ends of the band."""
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
    """How often the verdicts on test pictures are wrong.

    Parameters
    ----------
    is_ai, score, groups : as of `band`
    band : its result
    called_ai : bool [pictures], the answer if forced to answer
    seed : of the bootstrap

    Returns
    -------
    `pictures`, `human` and `ai`, how many there are; and as `value`, `low` and `high`, a 95 % bootstrap interval (see
    `brushprint.stats.bootstrap`), null where there is no such picture: `unsure`, the share of all pictures; `wrong`,
    the share of the pictures that are called human or AI; `human_called_ai` and `ai_called_human`, shares of all human
    and of all AI works. `always` has the last three for the answers `called_ai`.
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
    """The most extreme score of each group."""
    order = np.argsort(groups, kind="stable")
    _, starts = np.unique(groups[order], return_index=True)
    return extreme.reduceat(score[order], starts)


def _cut(ranked: np.ndarray) -> float | None:
    """The score that at most the share `LEVEL` of the works exceeds; `ranked` begins with the most extreme score."""
    place = (len(ranked) + 1) // ONE_IN
    return float(ranked[place - 1]) if place else None


def _intervals(
    shares: Mapping[str, tuple[np.ndarray, np.ndarray]], groups: np.ndarray, seed: int
) -> dict[str, Estimate]:
    """The interval of each share of pictures, given as bool [pictures] of the hits and of the pictures that count."""
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
