"""Intervals of means over pictures, by Student's t; what is nan is not known, and left out."""

from typing import NamedTuple

import numpy as np

LEVEL = 0.95
# Of fewer pictures nothing is found, and a difference of less than two points says nothing, however sure it is.
FEWEST = 10
MEANINGFUL = 0.02


class Interval(NamedTuple):
    """Means and between what each lies, at the level `LEVEL`: numbers or arrays of as many, nan where not known."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def plain(self) -> dict[str, float | None]:
        """Of one mean, as JSON has it: null what is not known."""
        return {name: float(value) if np.isfinite(value) else None for name, value in self._asdict().items()}


def of_mean(values: np.ndarray) -> Interval:
    """The means over the first axis; from two values on each has an interval."""
    count = np.isfinite(values).sum(0)
    mean = _mean(values, count)
    half = _quantile(count) * deviation(values) / np.sqrt(np.maximum(count, 1))
    return Interval(mean, mean - half, mean + half)


def prediction_interval(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Between what one more value of the same normal population lies, over the first axis; anywhere where unknown."""
    count = np.isfinite(values).sum(0)
    half = _quantile(count) * deviation(values) * np.sqrt(1 + 1 / np.maximum(count, 1))
    mean, half = np.nan_to_num(_mean(values, count)), np.nan_to_num(half, nan=np.inf)
    return mean - half, mean + half


def deviation(values: np.ndarray) -> np.ndarray:
    """The standard deviation over the first axis, nan of less than two values."""
    count = np.isfinite(values).sum(0)
    squares = np.nansum((values - _mean(values, count)) ** 2, axis=0)
    return np.sqrt(np.where(count > 1, squares / np.maximum(count - 1, 1), np.nan))


def _mean(values: np.ndarray, count: np.ndarray) -> np.ndarray:
    return np.where(count > 0, np.nansum(values, axis=0) / np.maximum(count, 1), np.nan)


def _quantile(count: np.ndarray) -> np.ndarray:
    # The claims, which each start of the workflow checks, take two numbers from here and have no need of scipy.
    from scipy.special import stdtrit  # noqa: PLC0415

    return np.where(count > 1, stdtrit(np.maximum(count - 1, 1), (1 + LEVEL) / 2), np.nan)
