"""Human, AI or unsure: what may be said of a picture so that few works of either origin are called the other.

Split conformal prediction, each origin by itself (Vovk, Gammerman and Shafer, 2005, section 4.5; Sadinle, Lei and
Wasserman, 2019).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import expit, logit

from brushprint.stats import bootstrap

# At most one work in so many of an origin is called the other.
ONE_IN = 10
LEVEL = 1 / ONE_IN
# So far, in log-odds, the ends are moved outward: a score that another runtime or half precision gives differs by less.
MARGIN = 0.02


def band(is_ai: np.ndarray, score: np.ndarray, groups: np.ndarray) -> dict[str, Any]:
    """Between which scores a picture is not called, by validation pictures.

    With n human works, a score above the floor((n + 1) `LEVEL`)-th highest of theirs is not like human works: of human
    works that are drawn like these, at most the share `LEVEL` scores so, however the scores are spread and however many
    are equal. AI works likewise from below. The two cuts make the band: above it a picture is called AI, as it is not
    like human works and like AI ones, below it human. Within it, and at its ends, it is like both, or like neither. The
    ends are moved outward by `MARGIN`, which only makes the shares smaller.

    The share is the mean over draws of validation pictures, too: the cuts of one draw may let more or fewer through. It
    takes pictures that had no part in training; those that validate have one, as the epoch is chosen by them.
    Near duplicates count once, each group of an origin by its score that is farthest on the other's side, so that the
    share holds for any picture of a group.

    Parameters
    ----------
    is_ai : bool [pictures]
    score : float [pictures], the calibrated probability of AI, 0 to 1
    groups : int [pictures], the same for near duplicates

    Returns
    -------
    `low` and `high`: below `low` a picture is called human, above `high` AI; null where too few validated to ever say
    so. `human` and `ai`, how many groups of each validated, and `why` something is never said, or null
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


def decide(score: float, band: Mapping[str, Any]) -> str:
    """`human`, `ai` or `unsure`, by the calibrated probability of AI and the `low` and `high` of `band`."""
    if band["high"] is not None and score > band["high"]:
        return "ai"
    if band["low"] is not None and score < band["low"]:
        return "human"
    return "unsure"


def evaluate(
    is_ai: np.ndarray,
    score: np.ndarray,
    groups: np.ndarray,
    band: Mapping[str, Any],
    *,
    called_ai: np.ndarray,
    seed: int,
) -> dict[str, Any]:
    """How good the verdicts on test pictures are.

    Parameters
    ----------
    is_ai, score, groups : as of `band`
    band : its result
    called_ai : bool [pictures], the answer where one is always given
    seed : of the bootstrap

    Returns
    -------
    `pictures`, `human` and `ai`, how many there are; and as `value`, `low` and `high`, a 95 % bootstrap interval (see
    `brushprint.stats.bootstrap`), null where there is no such picture: `unsure`, the share of all pictures; `wrong`,
    the share of those that are called human or AI; `human_called_ai` and `ai_called_human`, shares of all human and of
    all AI works. `always` has the last three where `called_ai` answers.
    """
    said = np.array([decide(value, band) for value in score], dtype=str)
    answers = {"": (said == "ai", said == "human"), "always ": (called_ai, ~called_ai)}
    shares = {"unsure": (said == "unsure", np.ones_like(is_ai))}
    for name, (ai, human) in answers.items():
        shares[f"{name}wrong"] = np.where(is_ai, human, ai), ai | human
        shares[f"{name}human_called_ai"] = ai & ~is_ai, ~is_ai
        shares[f"{name}ai_called_human"] = human & is_ai, is_ai
    found = _intervals(shares, groups, seed)
    always = {name.removeprefix("always "): found.pop(name) for name in shares if name.startswith("always ")}
    counts = {"pictures": len(score), "human": int((~is_ai).sum()), "ai": int(is_ai.sum())}
    return {**counts, **found, "always": always}


def _of_groups(extreme: np.ufunc, score: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """The most extreme score of each group."""
    order = np.argsort(groups, kind="stable")
    _, starts = np.unique(groups[order], return_index=True)
    return extreme.reduceat(score[order], starts)


def _cut(ranked: np.ndarray) -> float | None:
    """The score that at most the share `LEVEL` of such works goes beyond; the most unlike come first."""
    place = (len(ranked) + 1) // ONE_IN
    return float(ranked[place - 1]) if place else None


def _intervals(shares: Mapping[str, tuple[np.ndarray, np.ndarray]], groups: np.ndarray, seed: int) -> dict[str, Any]:
    """Of each share of pictures, given as which are hits and which count, its value and interval."""
    hits, of = (np.array(rows, dtype=float) for rows in zip(*shares.values(), strict=True))
    if not len(groups):
        return {name: bootstrap.interval(np.nan, np.empty(0)) for name in shares}
    with np.errstate(invalid="ignore"):
        values = hits.sum(1) / of.sum(1)
        parts = [(hits @ drawn) / (of @ drawn) for drawn in bootstrap.weights(groups, seed)]
    resampled = np.concatenate(parts, axis=1)
    return {
        name: bootstrap.interval_of_share(value, row, len(np.unique(groups[counted > 0])))
        for name, value, row, counted in zip(shares, values, resampled, of, strict=True)
    }
