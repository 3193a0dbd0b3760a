"""Whether a network's confidence can be taken at its word, before and after one number makes it more modest."""

from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from brushprint import bootstrap

BINS = 15
_SMALLEST, _LARGEST = 0.05, 20.0
_SIMULATED = 200


def temperature(probabilities: np.ndarray, true: np.ndarray) -> float:
    """The number that logits are divided by so that the loss on validation pictures is least (Guo et al., 2017).

    `probabilities` is float [pictures, classes], `true` the number of each one's class. It is at least 0.05 and at most
    20: where the pictures are told apart without a mistake, no other bound would stop it. 1 without pictures.
    """
    if not len(true):
        return 1.0
    logits = _logits(probabilities)
    rows = np.arange(len(true))

    def loss(log_temperature: float) -> float:
        return -log_softmax(logits / np.exp(log_temperature), axis=1)[rows, true].mean()

    found = minimize_scalar(loss, bounds=np.log([_SMALLEST, _LARGEST]), method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x))


def tempered(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities [pictures, classes] after their logits were divided by a temperature."""
    return softmax(_logits(probabilities) / temperature, axis=1)


def _logits(probabilities: np.ndarray) -> np.ndarray:
    return np.log(probabilities.clip(np.finfo(float).tiny))


def calibration(probabilities: np.ndarray, true: np.ndarray, groups: np.ndarray, seed: int) -> dict[str, Any]:
    """How far the probabilities hold what they say.

    Parameters
    ----------
    probabilities : float [pictures, classes], rows of sum 1
    true : int [pictures], the number of each one's class
    groups : a number for each picture, the same for near duplicates
    seed : of the bootstrap, and of the chance below

    Returns
    -------
    With intervals, null without pictures:

    - `nll`: mean negative log-likelihood in nats
    - `brier`: mean squared distance from the true class, summed over classes (Brier, 1950)
    - `ece`: expected calibration error, over `BINS` bins of equal width of the confidence in the class named, the gap
      between confidence and accuracy, weighted by pictures (Guo et al., 2017)

    `ece_chance` (value, low, high): what the last would be if every probability held, by drawing classes from them: few
    pictures look miscalibrated by chance. `bins`: of each bin that has pictures its `low` and `high` edge, `pictures`,
    mean `confidence` and `accuracy`.
    """
    if not len(true):
        unknown = {"value": None, "low": None, "high": None}
        return {**dict.fromkeys(("nll", "brier", "ece", "ece_chance"), unknown), "bins": []}
    rows = np.arange(len(true))
    named, confidence = probabilities.argmax(1), probabilities.max(1)
    one_hot = np.eye(probabilities.shape[1])[true]
    means = np.array([-_logits(probabilities)[rows, true], ((probabilities - one_hot) ** 2).sum(1)])
    right = (named == true).astype(float)
    # As in Guo et al. a bin holds its upper edge.
    place = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    member = np.equal.outer(np.arange(BINS), place).astype(float)

    def statistics(drawn: np.ndarray) -> np.ndarray:
        gaps = np.abs(member @ (drawn * (right - confidence)[:, None])).sum(0)
        return np.vstack([means @ drawn, gaps]) / drawn.sum(0)

    value = statistics(np.ones((len(true), 1)))[:, 0]
    resampled = np.concatenate([statistics(drawn.astype(float)) for drawn in bootstrap.weights(groups, seed)], axis=1)
    generator = np.random.default_rng(seed)
    lucky = generator.random((len(true), _SIMULATED)) < confidence[:, None]
    chance = np.abs(member @ (lucky - confidence[:, None])).sum(0) / len(true)
    counts = member.sum(1)
    return {
        **dict(zip(("nll", "brier", "ece"), bootstrap.interval(value, resampled), strict=True)),
        "ece_chance": bootstrap.interval(chance.mean(), chance),
        "bins": [
            {
                "low": bin_ / BINS,
                "high": (bin_ + 1) / BINS,
                "pictures": int(counts[bin_]),
                "confidence": float(member[bin_] @ confidence / counts[bin_]),
                "accuracy": float(member[bin_] @ right / counts[bin_]),
            }
            for bin_ in np.flatnonzero(counts)
        ],
    }
