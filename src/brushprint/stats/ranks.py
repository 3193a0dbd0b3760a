"""Ranks, for Spearman's rank correlation."""

import numpy as np
from scipy.stats import rankdata


def centred_ranks(rows: np.ndarray) -> np.ndarray:
    """The rank of each value within its row, minus the mean rank of the row: float64 [rows, values].

    Equal values share their mean rank. The cosine of the centred ranks of two rows is Spearman's rank correlation.
    """
    ranks = rankdata(rows, axis=1) if rows.size else rows
    return ranks - ranks.mean(axis=1, keepdims=True)
