"""Bootstrap intervals (Efron, 1979) over pictures; near duplicates are drawn together."""

from collections.abc import Iterator
from typing import Any, TypedDict

import numpy as np
import pandas as pd
from scipy.stats import binomtest

RESAMPLES = 1000
LEVEL = 0.95
# The number of resamples that are computed at once; for 55,000 pictures, a chunk takes 14 MB.
_CHUNK = 64


class Estimate(TypedDict):
    """A value and the ends of its interval at the level `LEVEL`; None if unknown."""

    value: float | None
    low: float | None
    high: float | None


def weights(groups: np.ndarray, seed: int, *, share: float = 1.0) -> Iterator[np.ndarray]:
    """Yield how often each picture is drawn, float32 [pictures, resamples], in chunks, `RESAMPLES` in total.

    Whole groups are drawn, as many as there are groups (cluster bootstrap; Davison and Hinkley, 1997, section 3.8).
    Unless all groups have the same size, resamples therefore differ in their number of pictures: divide sums by the sum
    of the weights.

    Parameters
    ----------
    groups : int [pictures], the same number for near duplicates; only equality matters. At least one picture
    seed : the same seed and the same partition into groups give the same weights
    share : the number of groups to draw, as a share of the number of groups
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

    If the value is nan, it and both ends are None. Resamples that are nan are ignored; if all resamples are nan, both
    ends are None.
    """
    if not np.isfinite(value):
        return {"value": None, "low": None, "high": None}
    known = resampled[np.isfinite(resampled)]
    low, high = map(float, np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])) if len(known) else (None, None)
    return {"value": float(value), "low": low, "high": high}


def interval_of_each(values: np.ndarray, resampled: np.ndarray) -> Any:
    """The `interval` of each entry of an array, as nested lists of the array's shape; for a number, its interval.

    `resampled` has one more axis than `values`: the last axis is over the resamples.
    """
    if np.ndim(values):
        return [interval_of_each(*pair) for pair in zip(values, resampled, strict=True)]
    return interval(float(values), resampled)


def interval_of_share(value: float, resampled: np.ndarray, groups: int) -> Estimate:
    """The `interval` of a share of pictures; `groups` is the number of groups of near duplicates among the pictures.

    If the share is 0 or 1, every resample has the same share, however few pictures there are. The result is then the
    Wilson interval (1927) for as many independent pictures as there are groups.
    """
    estimate = interval(value, resampled)
    if value in (0, 1):
        ends = binomtest(round(value * groups), groups).proportion_ci(method="wilson")
        estimate["low"], estimate["high"] = float(ends.low), float(ends.high)
    return estimate


def interval_of_change(value: float, resampled: np.ndarray, *groups: int) -> Estimate:
    """The `interval` of the difference between the accuracies of two networks.

    `groups` is the number of groups of near duplicates. For a mean over several kinds of pictures, `groups` has one
    number for each kind.

    If all pictures change alike, or none changes, every resample has the same difference, however few pictures there
    are. Each end is then as far from the value as the upper end of the Wilson interval (1927) for a share of 0 of as
    many groups; for several kinds of pictures, this distance is the mean over the kinds. The ends stay within -1 and 1.
    """
    estimate = interval(value, resampled)
    if estimate["low"] is not None and estimate["low"] == estimate["high"]:
        most = np.mean([binomtest(0, count).proportion_ci(method="wilson").high for count in groups])
        estimate["low"], estimate["high"] = float(max(-1, value - most)), float(min(1, value + most))
    return estimate
