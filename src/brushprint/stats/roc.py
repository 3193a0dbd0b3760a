"""The area under the ROC curve, for many resamples at once."""

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


def roc_auc(positive: np.ndarray, score: np.ndarray) -> float | None:
    """The ROC AUC of `score`, float [pictures], or None if all or no pictures are `positive`, bool [pictures]."""
    value = float(RocAuc(positive, score)(np.ones((len(score), 1), dtype=np.float32))[0])
    return None if np.isnan(value) else value
