"""Intervals of means over pictures, by Student's t; values that are nan are unknown and ignored."""

from typing import NamedTuple

import numpy as np

LEVEL = 0.95
# No conclusion is drawn from fewer than `FEWEST` pictures, or from a difference of less than two percentage points,
# `MEANINGFUL`, however certain the difference is.
FEWEST = 10
MEANINGFUL = 0.02
# The lowest and the highest possible value of each kind of measure. `SHARE` also stands for areas under curves, and
# `DIFFERENCE` for differences between two shares or areas.
SHARE, DIFFERENCE, LOSS = (0.0, 1.0), (-1.0, 1.0), (0.0, np.inf)


class Interval(NamedTuple):
    """Means and the ends of their intervals at the level `LEVEL`: numbers or arrays of one shape, nan if unknown."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def plain(self) -> dict[str, float | None]:
        """The interval of a single mean as a dictionary for JSON, with None for an unknown value."""
        return {name: float(value) if np.isfinite(value) else None for name, value in self._asdict().items()}


def of_mean(values: np.ndarray, within: tuple[float, float]) -> Interval:
    """The means over the first axis, with intervals; the ends are nan for a mean of fewer than two values.

    `within` holds the smallest and the largest value that is possible; the intervals do not reach beyond them.
    """
    count = np.isfinite(values).sum(0)
    mean = _mean(values, count)
    half = _quantile(count) * deviation(values) / np.sqrt(np.maximum(count, 1))
    return Interval(mean, np.clip(mean - half, *within), np.clip(mean + half, *within))


def prediction_interval(values: np.ndarray, within: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """The ends of the prediction interval over the first axis, at the level `LEVEL`.

    One more value from the same normal population lies in this interval with the probability `LEVEL`. `within` holds
    the smallest and the largest value that is possible; the intervals do not reach beyond them, and reach both if fewer
    than two values are known.
    """
    count = np.isfinite(values).sum(0)
    half = _quantile(count) * deviation(values) * np.sqrt(1 + 1 / np.maximum(count, 1))
    mean, half = np.nan_to_num(_mean(values, count)), np.nan_to_num(half, nan=np.inf)
    return np.clip(mean - half, *within), np.clip(mean + half, *within)


def deviation(values: np.ndarray) -> np.ndarray:
    """The sample standard deviation over the first axis; nan for fewer than two values."""
    count = np.isfinite(values).sum(0)
    squares = np.nansum((values - _mean(values, count)) ** 2, axis=0)
    return np.sqrt(np.where(count > 1, squares / np.maximum(count - 1, 1), np.nan))


def _mean(values: np.ndarray, count: np.ndarray) -> np.ndarray:
    return np.where(count > 0, np.nansum(values, axis=0) / np.maximum(count, 1), np.nan)


def _quantile(count: np.ndarray) -> np.ndarray:
    # Import scipy only here: each start of the workflow checks the claims, which need two numbers from this module but
    # not scipy.
    from scipy.special import stdtrit  # noqa: PLC0415

    return np.where(count > 1, stdtrit(np.maximum(count - 1, 1), (1 + LEVEL) / 2), np.nan)
