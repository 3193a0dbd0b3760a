"""Ranks, from which Spearman's rank correlation follows."""

import numpy as np
from scipy.stats import rankdata


def centred_ranks(rows: np.ndarray) -> np.ndarray:
    """The rank of each value within its row, less the mean of the row: float64 of the shape [rows, values].

    Equal values share their mean rank. Two rows have Spearman's rank correlation as the cosine of their centred ranks.
    """
    ranks = rankdata(rows, axis=1) if rows.size else rows
    return ranks - ranks.mean(axis=1, keepdims=True)
