"""Intervals by resampling pictures (the bootstrap of Efron, 1979); near duplicates are drawn together."""

from collections.abc import Iterator
from typing import Any, TypedDict

import numpy as np
import pandas as pd
from scipy.stats import binomtest

RESAMPLES = 1000
LEVEL = 0.95
# So many resamples are computed at once: 55,000 pictures then take 14 MB.
_CHUNK = 64


class Estimate(TypedDict):
    """A value and the ends of its interval at the level `LEVEL`; None where unknown."""

    value: float | None
    low: float | None
    high: float | None


def weights(groups: np.ndarray, seed: int, *, share: float = 1.0) -> Iterator[np.ndarray]:
    """How often each picture is drawn, float32 [pictures, resamples], in chunks that together are `RESAMPLES`.

    Groups are drawn whole, as many as there are (cluster bootstrap; Davison and Hinkley, 1997, section 3.8). Resamples
    therefore differ in their number of pictures unless all groups have one size: divide by the sum of the weights.

    Parameters
    ----------
    groups : int [pictures], the same for near duplicates; only equality counts. At least one picture
    seed : the same seed and partition into groups give the same weights
    share : how many groups are drawn, as a share of their number
    """
    generator = np.random.default_rng(seed)
    group, names = pd.factorize(groups)
    count, size = len(names), round(share * len(names))
    for start in range(0, RESAMPLES, _CHUNK):
        drawn = np.empty((len(group), min(_CHUNK, RESAMPLES - start)), dtype=np.float32)
        for column in drawn.T:
            column[:] = np.bincount(generator.integers(count, size=size), minlength=count)[group]
        yield drawn


def interval(value: float, resampled: np.ndarray) -> Estimate:
    """The 95 % percentile interval of a value, from its values in the resamples, float [resamples].

    A value that is nan has no interval: everything is None. Resamples that are nan are left out; where all are, the
    ends are None.
    """
    if not np.isfinite(value):
        return {"value": None, "low": None, "high": None}
    known = resampled[np.isfinite(resampled)]
    low, high = map(float, np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])) if len(known) else (None, None)
    return {"value": float(value), "low": low, "high": high}


def interval_of_each(values: np.ndarray, resampled: np.ndarray) -> Any:
    """The `interval` of each entry of an array, in lists of its shape; of a single number, its interval.

    `resampled` has one more axis than `values`, the last.
    """
    if np.ndim(values):
        return [interval_of_each(*pair) for pair in zip(values, resampled, strict=True)]
    return interval(float(values), resampled)


def interval_of_share(value: float, resampled: np.ndarray, groups: int) -> Estimate:
    """The `interval` of a share of the pictures of so many groups.

    Every resample of a share of 0 or 1 has the same share, however few pictures there are. The interval is then that of
    Wilson (1927) for as many independent pictures as there are groups.
    """
    estimate = interval(value, resampled)
    if value in (0, 1):
        ends = binomtest(round(value * groups), groups).proportion_ci(method="wilson")
        estimate["low"], estimate["high"] = float(ends.low), float(ends.high)
    return estimate


def interval_of_change(value: float, resampled: np.ndarray, *groups: int) -> Estimate:
    """The `interval` of the difference between how often two networks are right.

    Where all pictures change alike, or none does, every resample has the same difference, however few pictures there
    are. The ends are then as far away as the upper end of Wilson's interval (1927) for a share of 0 of so many groups.
    For a mean over several kinds of pictures, `groups` has a number for each kind, and the distance is the mean.
    """
    estimate = interval(value, resampled)
    if estimate["low"] is not None and estimate["low"] == estimate["high"]:
        most = np.mean([binomtest(0, count).proportion_ci(method="wilson").high for count in groups])
        estimate["low"], estimate["high"] = float(max(-1, value - most)), float(min(1, value + most))
    return estimate
