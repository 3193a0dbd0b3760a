"""Intervals of any statistic over pictures, by the bootstrap (Efron, 1979); near duplicates are drawn together."""

from collections.abc import Iterator
from typing import Any

import numpy as np

RESAMPLES = 1000
LEVEL = 0.95
# So many resamples are judged at once: 55,000 pictures then take 14 MB.
_CHUNK = 64


def weights(groups: np.ndarray, seed: int) -> Iterator[np.ndarray]:
    """How often each picture is drawn, float32 [pictures, resamples], in chunks that together are `RESAMPLES`.

    `groups` has a number for each picture. Those with the same number are drawn together, as many groups as there are
    (the cluster bootstrap: Davison and Hinkley, 1997, section 3.8): they are no independent pictures.
    """
    _, member = np.unique(groups, return_inverse=True)
    count = int(member.max()) + 1
    generator = np.random.default_rng(seed)
    for start in range(0, RESAMPLES, _CHUNK):
        drawn = np.empty((count, min(_CHUNK, RESAMPLES - start)), dtype=np.float32)
        for column in drawn.T:
            column[:] = np.bincount(generator.integers(count, size=count), minlength=count)
        yield drawn[member]


def interval(value: np.ndarray, resampled: np.ndarray) -> Any:
    """The percentile interval of each value of an array, as lists of the array's shape; `resampled` has one more axis.

    Each is a dictionary of `value`, `low` and `high`, null where the value is not finite.
    """
    value = np.asarray(value)
    if value.ndim:
        return [interval(*pair) for pair in zip(value, resampled, strict=True)]
    if not np.isfinite(value):
        return {"value": None, "low": None, "high": None}
    low, high = np.nanquantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return {"value": float(value), "low": float(low), "high": float(high)}
