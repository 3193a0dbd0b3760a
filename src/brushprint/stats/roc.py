"""The area under the ROC curve, and points on it, for many resamples at once."""

import numpy as np

from brushprint.stats.group_sums import group_sums


class RocAuc:
    """ROC AUC as the normalised Mann-Whitney U statistic (Hanley and McNeil, 1982); ties count half.

    The m different scores of the positive pictures divide all pictures into 2m + 1 intervals: below the lowest score,
    equal to it, between it and the next score, and so on. The order within an interval does not matter, so resamples
    need not be sorted.
    """

    def __init__(self, positive: np.ndarray, score: np.ndarray) -> None:
        """Prepare for given pictures: `positive`, bool [pictures], marks the class, and `score` is float [pictures]."""
        self._members = np.flatnonzero(positive)
        levels, self._place = np.unique(score[self._members], return_inverse=True)
        interval = np.searchsorted(levels, score, "left") + np.searchsorted(levels, score, "right")
        self._sums = group_sums(interval, 2 * len(levels) + 1)

    def __call__(self, drawn: np.ndarray) -> np.ndarray:
        """The areas, float64 [resamples]; `drawn`, float32 [pictures, resamples], is how often each picture is drawn.

        An area is nan if no picture of the class, or no other picture, is drawn.
        """
        up_to = np.cumsum(self._sums @ drawn, axis=0, dtype=float)
        below = (up_to[1::2] + up_to[:-1:2]) / 2
        weight = drawn[self._members].astype(float)
        positive = weight.sum(0)
        # `below` also counts pairs of two positive pictures. There are positive² / 2 of them, which are subtracted.
        pairs = positive * (drawn.sum(0, dtype=float) - positive)
        with np.errstate(invalid="ignore"):
            return ((weight * below[self._place]).sum(0) - positive**2 / 2) / pairs


class RecallAt:
    """The largest recall at which at most a given share of the other pictures reaches the threshold.

    The threshold is a score that belongs to all pictures that reach it, so that tied pictures stay together.
    """

    def __init__(self, positive: np.ndarray, score: np.ndarray, rate: float) -> None:
        """Prepare for given pictures, see `RocAuc`; `rate` is the share of false positives, 0 to 1."""
        levels, place = np.unique(score, return_inverse=True)
        self._sums, self._positive, self._rate = group_sums(place, len(levels)), positive, rate

    def __call__(self, drawn: np.ndarray) -> np.ndarray:
        """The recalls, float64 [resamples]; `drawn`, float32 [pictures, resamples], is how often each is drawn.

        A recall is nan if no picture of the class, or no other picture, is drawn.
        """
        sides = (self._positive, ~self._positive)
        positive, others = (at_least(self._sums @ (drawn * side[:, None])) for side in sides)
        with np.errstate(invalid="ignore"):
            recall, false = positive / positive[0], others / others[0]
        # The share falls from level to level, and above all levels it is 0. The tolerance allows for rounding.
        first = (false <= self._rate + 1e-9).argmax(0)
        recalls = np.take_along_axis(recall, first[None], axis=0)[0]
        return np.where(others[0] > 0, recalls, np.nan)


def at_least(counts: np.ndarray) -> np.ndarray:
    """The number of pictures at each level or above, [levels + 1, resamples]; the last row is 0.

    `counts`, [levels, resamples], holds the number of pictures at each level, in ascending order of the levels.
    """
    reached = np.cumsum(counts[::-1], axis=0, dtype=float)[::-1]
    return np.concatenate([reached, np.zeros_like(reached[:1])])


def roc_auc(positive: np.ndarray, score: np.ndarray) -> float | None:
    """The ROC AUC of `score`, float [pictures], or None if all or no pictures are `positive`, bool [pictures]."""
    value = float(RocAuc(positive, score)(np.ones((len(score), 1), dtype=np.float32))[0])
    return None if np.isnan(value) else value
