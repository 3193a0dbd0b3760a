"""Calibration: whether a network that is 90 % confident is right nine times out of ten."""

from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from brushprint.evaluation.temperature import log_probabilities, surprises
from brushprint.stats import bootstrap
from brushprint.stats.bootstrap import Estimate

BINS = 15
# The number of simulated networks that are perfectly calibrated.
SIMULATIONS = 1000
_CHUNK = 64


def calibration(p: np.ndarray, labels: np.ndarray, groups: np.ndarray, seed: int) -> dict[str, Any]:
    """Measure how well probabilities are calibrated.

    Parameters
    ----------
    p : float [pictures, classes], probabilities
    labels : int [pictures], indices of classes
    groups : int [pictures], the same number for near duplicates
    seed : seed of the bootstrap and of the simulation behind `chance`

    Returns
    -------
    `pictures`, their number, and the following measures, each with `value`, `low` and `high`, a 95 % bootstrap interval
    (see `brushprint.stats.bootstrap`):

    - `nll`: the mean negative log-likelihood in nats
    - `brier`: the squared difference between the probabilities and the true labels (0 or 1), summed over the classes
      and averaged over the pictures, 0 to 2 (Brier, 1950)
    - `ece`: the expected calibration error, 0 to 1: the mean distance between confidence and accuracy over `BINS` bins
      of equal width of the confidence in the likeliest class (Guo et al., 2017). Few pictures bias it upward, and
      resampling adds the same bias again. Its interval is therefore the basic bootstrap interval (Davison and Hinkley,
      1997, section 5.2.1), which estimates the error for infinitely many such pictures and may lie below `value`.
      `chance` is the error that perfectly calibrated probabilities would show with as many pictures: `mean`, and the
      2.5 % and 97.5 % quantiles `low` and `high`. `p` is the probability that their error would be at least `value`.
      The interval begins at 0 unless `value` is above the `high` of `chance`

    and `bins`: for each bin that has pictures, the limits of the confidence `from` (exclusive) and `to` (inclusive),
    `pictures`, the mean `confidence`, and `accuracy` with its interval.

    Without pictures, all values are null, and there are no bins.
    """
    if not len(p):
        unknown = bootstrap.interval(np.nan, np.empty(0))
        chance = {"chance": {"mean": None, "low": None, "high": None}, "p": None}
        return {"pictures": 0, "nll": unknown, "brier": unknown, "ece": {**unknown, **chance}, "bins": []}
    confidence, right = p.max(1), p.argmax(1) == labels
    place = (np.ceil(confidence * BINS).astype(int) - 1).clip(0, BINS - 1)
    rows = np.array([surprises(log_probabilities(p), labels), ((p - np.eye(p.shape[1])[labels]) ** 2).sum(1)])
    counts, hits, gaps = (_sums(place, values) for values in (np.ones(len(p)), right, right - confidence))

    def statistics(drawn: np.ndarray) -> dict[str, np.ndarray]:
        total = drawn.sum(0, dtype=float)
        nll, brier = rows @ drawn / total
        with np.errstate(invalid="ignore"):
            accuracy = (hits @ drawn) / (counts @ drawn)
        return {"nll": nll, "brier": brier, "ece": np.abs(gaps @ drawn).sum(0) / total, "accuracy": accuracy}

    values = {name: value[..., 0] for name, value in statistics(np.ones((len(p), 1), np.float32)).items()}
    nll, brier, ece = (float(values[name]) for name in ("nll", "brier", "ece"))
    parts = [statistics(drawn) for drawn in bootstrap.weights(groups, seed)]
    resampled = {name: np.concatenate([part[name] for part in parts], axis=-1) for name in values}
    chance = _against(ece, _chance(confidence, place, groups, seed))
    return {
        "pictures": len(p),
        "nll": bootstrap.interval(nll, resampled["nll"]),
        "brier": bootstrap.interval(brier, resampled["brier"]),
        "ece": {**_basic(ece, resampled["ece"], chance), **chance},
        "bins": [
            {
                "from": index / BINS,
                "to": (index + 1) / BINS,
                "pictures": int(inside.sum()),
                "confidence": float(confidence[inside].mean()),
                "accuracy": bootstrap.interval_of_share(
                    values["accuracy"][index], resampled["accuracy"][index], len(np.unique(groups[inside]))
                ),
            }
            for index in np.unique(place)
            for inside in [place == index]
        ],
    }


def _sums(place: np.ndarray, values: np.ndarray) -> csr_array:
    """The matrix [bins, pictures] that weights pictures by `values` and sums them within each bin."""
    return csr_array((values.astype(float), (place, np.arange(len(place)))), shape=(BINS, len(place)))


def _basic(value: float, resampled: np.ndarray, chance: dict[str, Any]) -> Estimate:
    """The basic bootstrap interval of a mean difference of shares; it begins at 0 if chance alone can explain it."""
    low, high = np.quantile(resampled, [(1 - bootstrap.LEVEL) / 2, (1 + bootstrap.LEVEL) / 2])
    by_chance = value <= chance["chance"]["high"]
    return {
        "value": value,
        "low": 0.0 if by_chance else float(max(0.0, 2 * value - high)),
        "high": float(np.clip(2 * value - low, 0.0, 1.0)),
    }


def _chance(confidence: np.ndarray, place: np.ndarray, groups: np.ndarray, seed: int) -> np.ndarray:
    """The ECE [simulations] of perfectly calibrated networks; near duplicates share one random draw."""
    generator = np.random.default_rng(seed)
    group, names = pd.factorize(groups)
    ones, expected = _sums(place, np.ones(len(place))), _sums(place, confidence).sum(1)[:, None]
    errors = []
    for start in range(0, SIMULATIONS, _CHUNK):
        draws = generator.random((min(_CHUNK, SIMULATIONS - start), len(names)), dtype=np.float32)
        right = confidence[:, None] > draws[:, group].T
        errors.append(np.abs(ones @ right.astype(np.float32) - expected).sum(0) / len(place))
    return np.concatenate(errors)


def _against(value: float, chance: np.ndarray) -> dict[str, Any]:
    low, high = np.quantile(chance, [0.025, 0.975])
    # The tolerance is needed because sums in another order differ in their last digits. The value itself counts as one
    # of the simulations.
    p = (1 + (chance >= value - 1e-12).sum()) / (1 + len(chance))
    return {"chance": {"mean": float(chance.mean()), "low": float(low), "high": float(high)}, "p": float(p)}
