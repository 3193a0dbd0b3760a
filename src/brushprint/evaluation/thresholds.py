"""The two thresholds of the probability from which a picture is called AI, both chosen on validation pictures."""

from collections.abc import Mapping
from typing import TypedDict

import numpy as np
import pandas as pd

# The strict threshold calls at most this share of human works AI.
FALSE_ALARMS = 0.01
# If there are fewer human works than this, a single false alarm already exceeds that share.
ENOUGH = 100


class Strict(TypedDict):
    """The strict threshold; see `strict_threshold`."""

    threshold: float | None
    human: int
    why: str | None


class Cuts(TypedDict):
    """Both thresholds; see `cuts`."""

    threshold: float
    strict: Strict


class Thresholds(Cuts):
    """Both thresholds of a variant, and the origin of each of its classes."""

    origins: dict[str, str]


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


def threshold(is_ai: np.ndarray, score: np.ndarray) -> float:
    """The threshold with the best balanced accuracy (Youden, 1950); a picture is called AI if `score` >= threshold.

    The threshold lies midway between two scores. Of several equally good thresholds, the one nearest to 0.5 is chosen,
    then the lower one. The threshold is 0.5 if one origin has no pictures, or if no threshold is better than guessing.

    Parameters
    ----------
    is_ai : bool [pictures]
    score : float [pictures], the probability of AI, 0 to 1
    """
    levels, place = np.unique(score, return_inverse=True)
    ai, human = (np.bincount(place[side], minlength=len(levels)) for side in (is_ai, ~is_ai))
    if not ai.any() or not human.any() or len(levels) < 2:
        return 0.5
    # Youden's J is multiplied by both counts, which gives whole numbers, so that ties are exact.
    gain = (np.cumsum(human) * ai.sum() - np.cumsum(ai) * human.sum())[:-1]
    if gain.max() <= 0:
        return 0.5
    best = _between(levels[:-1], levels[1:])[gain == gain.max()]
    return float(best[np.abs(best - 0.5).argmin()])


def strict_threshold(is_ai: np.ndarray, score: np.ndarray) -> Strict:
    """The lowest threshold at which at most the share `FALSE_ALARMS` of the human works is called AI.

    Parameters are those of `threshold`.

    Returns
    -------
    `threshold`, midway between the score of a human work and the next higher score of any picture, or just above the
    former if there is no higher score (null without human works); `human`, the number of human works; and `why`, the
    reason why the threshold is not reliable, or null
    """
    human = np.sort(score[~is_ai])[::-1]
    if not len(human):
        return {"threshold": None, "human": 0, "why": "no human validation pictures"}
    highest = human[int(FALSE_ALARMS * len(human))]
    above = score[score > highest]
    cut = _between(highest, above.min()) if len(above) else np.nextafter(highest, 2)
    why = f"fewer than {ENOUGH} human validation pictures" if len(human) < ENOUGH else None
    return {"threshold": float(cut), "human": len(human), "why": why}


def cuts(is_ai: np.ndarray, score: np.ndarray) -> Cuts:
    """Both thresholds, chosen on validation pictures; parameters are those of `threshold`."""
    return {"threshold": threshold(is_ai, score), "strict": strict_threshold(is_ai, score)}


def _between(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The middle of two values, or `high` if the middle would be rounded to `low`."""
    middle = (low + high) / 2
    return np.where(middle > low, middle, high)
