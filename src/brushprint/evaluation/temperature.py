"""Temperature scaling (Guo et al., 2017): probabilities that are neither over- nor underconfident."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

# A few hundred validation pictures do not justify a temperature outside these limits.
_LOWEST, _HIGHEST = 1 / 20, 20


def log_probabilities(p: np.ndarray) -> np.ndarray:
    """The logarithms of probabilities, which serve as logits; values below 2e-16 count as 2e-16, as in scikit-learn."""
    return np.log(p.clip(np.finfo(float).eps))


def temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature: the divisor of the logits that makes the probabilities fit the labels best.

    The method is temperature scaling (Guo et al., 2017, section 4.2). The temperature T minimises the summed negative
    log-likelihood of validation pictures plus (log T)² / 2. The second term is a normal prior of log T, which a hundred
    pictures outweigh. Without the prior, the best temperature would be 0 for a network that is right on all of a few
    pictures, and infinite for a network that is always wrong. The temperature lies between 1/20 and 20; without
    pictures it is 1.

    Parameters
    ----------
    logits : float [pictures, classes], or log-probabilities, see `log_probabilities`
    labels : int [pictures], indices of classes
    """

    def loss(log_temperature: float) -> float:
        return surprises(logits / np.exp(log_temperature), labels).sum() + log_temperature**2 / 2

    bounds = np.log(_LOWEST), np.log(_HIGHEST)
    minimum = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-8})
    return float(np.exp(minimum.x))


def apply(logits: np.ndarray, temperature: float) -> np.ndarray:
    """The probabilities, float64 [pictures, classes], of logits that are divided by the temperature."""
    return softmax(logits.astype(float) / temperature, axis=1)


def surprises(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The negative log-likelihood of each picture, in nats, float [pictures]."""
    return -log_softmax(logits, axis=1)[np.arange(len(labels)), labels]
