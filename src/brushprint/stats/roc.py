"""The area under the ROC curve in many resamples at once."""

import numpy as np

from brushprint.stats.group_sums import group_sums


class RocAuc:
    """ROC AUC as the normalised Mann-Whitney U statistic (Hanley and McNeil, 1982); ties count half.

    The m different scores of the positive pictures part all pictures into 2m + 1 intervals: below the lowest, equal to
    it, between it and the next, and so on. The order within an interval does not matter, so no resample is sorted.
    """

    def __init__(self, positive: np.ndarray, score: np.ndarray) -> None:
        """Prepare for pictures of which `positive`, bool [pictures], are the class and `score`, float [pictures]."""
        self._members = np.flatnonzero(positive)
        levels, self._place = np.unique(score[self._members], return_inverse=True)
        interval = np.searchsorted(levels, score, "left") + np.searchsorted(levels, score, "right")
        self._sums = group_sums(interval, 2 * len(levels) + 1)

    def __call__(self, drawn: np.ndarray) -> np.ndarray:
        """The areas, float64 [resamples], by how often each picture is drawn, float32 [pictures, resamples].

        An area is nan where the class, or the rest, has no picture.
        """
        up_to = np.cumsum(self._sums @ drawn, axis=0, dtype=float)
        below = (up_to[1::2] + up_to[:-1:2]) / 2
        weight = drawn[self._members].astype(float)
        positive = weight.sum(0)
        # `below` counts pairs of two positive pictures, too: positive² / 2 of them, which are subtracted.
        pairs = positive * (drawn.sum(0, dtype=float) - positive)
        with np.errstate(invalid="ignore"):
            return ((weight * below[self._place]).sum(0) - positive**2 / 2) / pairs


def roc_auc(positive: np.ndarray, score: np.ndarray) -> float | None:
    """The ROC AUC of `score`, float [pictures], for `positive`, bool [pictures]; None if a class is empty."""
    value = float(RocAuc(positive, score)(np.ones((len(score), 1), dtype=np.float32))[0])
    return None if np.isnan(value) else value
