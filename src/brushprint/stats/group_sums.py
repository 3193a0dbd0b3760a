"""Sums over groups of pictures, for many resamples at once."""

import numpy as np
from scipy.sparse import csc_array


def group_sums(group: np.ndarray, groups: int) -> csc_array:
    """The matrix, float32 [groups, pictures], that sums values of pictures within each group.

    `group`, int [pictures], is the group of each picture, from 0 to `groups` - 1. Sums of counts are exact up to
    16 million pictures.
    """
    pictures = len(group)
    return csc_array((np.ones(pictures, np.float32), group, np.arange(pictures + 1)), shape=(groups, pictures))
