"""The interval of a mean over pictures."""

from typing import NamedTuple

import numpy as np
from scipy import stats

LEVEL = 0.95


class Interval(NamedTuple):
    """A mean and between what it lies, at the level `LEVEL`; nan what is not known."""

    value: float
    low: float
    high: float

    def plain(self) -> dict[str, float | None]:
        """As JSON has it: null what is not known."""
        return {name: float(value) if np.isfinite(value) else None for name, value in self._asdict().items()}


def of_mean(values: np.ndarray) -> Interval:
    """The mean of the values that are not nan, and its interval by Student's t, of two values on."""
    known = values[np.isfinite(values)]
    if not len(known):
        return Interval(np.nan, np.nan, np.nan)
    half = stats.t.ppf((1 + LEVEL) / 2, len(known) - 1) * stats.sem(known) if len(known) > 1 else np.nan
    return Interval(float(known.mean()), float(known.mean() - half), float(known.mean() + half))


def of_next(values: np.ndarray, level: float) -> tuple[float, float]:
    """Between what one more value of the same normal population would lie; anywhere of less than two values."""
    count = len(values)
    if count < 2:
        return -np.inf, np.inf
    half = stats.t.ppf((1 + level) / 2, count - 1) * values.std(ddof=1) * np.sqrt(1 + 1 / count)
    return float(values.mean() - half), float(values.mean() + half)
