"""Intervals by resampling the pictures that a figure is of (Efron, 1979); near duplicates are drawn together."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest

RESAMPLES = 1000
LEVEL = 0.95
# So many resamples are judged at once: 55,000 pictures then take 14 MB.
_CHUNK = 64


def weights(groups: np.ndarray, seed: int, *, share: float = 1.0) -> Iterator[np.ndarray]:
    """How often each picture is drawn, float32 [pictures, resamples], in chunks that together are `RESAMPLES`.

    Groups are drawn whole, as many as there are (cluster bootstrap; Davison and Hinkley, 1997, section 3.8), so
    resamples differ in their number of pictures unless all groups are of one size: divide by the sum of the weights.

    Parameters
    ----------
    groups : int [pictures], the same for near duplicates; only which are equal counts. At least one picture
    seed : the same seed and partition into groups give the same weights
    share : of the groups, that is drawn
    """
    generator = np.random.default_rng(seed)
    group, names = pd.factorize(groups)
    count, size = len(names), round(share * len(names))
    for start in range(0, RESAMPLES, _CHUNK):
        drawn = np.empty((len(group), min(_CHUNK, RESAMPLES - start)), dtype=np.float32)
        for column in drawn.T:
            column[:] = np.bincount(generator.integers(count, size=size), minlength=count)[group]
        yield drawn


def interval(value: np.ndarray | float, resampled: np.ndarray) -> Any:
    """The 95 % percentile interval as `value`, `low` and `high`; of an array, lists of its shape of such.

    `resampled` has one more axis than `value`. A value that is nan has no interval, all is None; resamples that are
    nan are left out, and where all are, the ends are None.
    """
    if np.ndim(value):
        return [interval(*pair) for pair in zip(value, resampled, strict=True)]
    known = resampled[np.isfinite(resampled)]
    if not np.isfinite(value):
        return {"value": None, "low": None, "high": None}
    low, high = map(float, np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])) if len(known) else (None, None)
    return {"value": float(value), "low": low, "high": high}


def interval_of_share(value: float, resampled: np.ndarray, groups: int) -> dict[str, float | None]:
    """As `interval`, of a share of the pictures of so many groups.

    Of none or all of the pictures every resample says the same, however few they are: there it is Wilson's interval
    (1927) of as many independent pictures as there are groups.
    """
    found = interval(value, resampled)
    if value in (0, 1):
        ends = binomtest(round(value * groups), groups).proportion_ci(method="wilson")
        found |= {"low": float(ends.low), "high": float(ends.high)}
    return found


def interval_of_change(value: float, resampled: np.ndarray, *groups: int) -> dict[str, float | None]:
    """As `interval`, of how much more often one of two networks is right.

    Where all pictures change alike, as where none does, every resample says the same, however few they are: there the
    ends are as far away as the upper end of Wilson's interval (1927) of none of so many groups; of a mean over several
    kinds of pictures, as the mean of theirs.
    """
    found = interval(value, resampled)
    if found["low"] is not None and found["low"] == found["high"]:
        most = np.mean([binomtest(0, count).proportion_ci(method="wilson").high for count in groups])
        found |= {"low": float(max(-1, value - most)), "high": float(min(1, value + most))}
    return found
