"""Run a network over corrupted pictures."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from brushprint.core.job_log import progress
from brushprint.models.devices import choose_device
from brushprint.models.inputs import batch_of
from brushprint.models.model import Model
from brushprint.training.folds import with_head


def scores(model: Model, corrupted: np.ndarray, *, temperature: float = 1, device: str) -> np.ndarray:
    """Compute the class probabilities of each picture under each of `brushprint.data.corruptions.CONDITIONS`.

    Parameters
    ----------
    model : the trained network
    corrupted : uint8 [pictures, conditions, side, side, 3], maybe memory-mapped, see
        `brushprint.data.corrupted_arrays`; for a head, the features of these pictures, float32 [.., .., features]
    temperature : the divisor of the logits, which calibrates the probabilities
    device : see `brushprint.models.devices.choose_device`

    Returns
    -------
    float32 [pictures, conditions, classes]; the probabilities of the classes sum to 1. For an unchanged picture and the
    temperature 1, they equal the probabilities that `brushprint.training.inference.infer` returns.
    """
    pictures, conditions, *row = corrupted.shape
    flat = corrupted.reshape(-1, *row)
    computing, size = choose_device(device), batch_of(tuple(row))
    network = model.network.to(computing)
    probabilities = np.empty((len(flat), len(model.classes)), np.float32)
    with torch.no_grad(), progress(len(flat), "robustness") as bar:
        for start in range(0, len(flat), size):
            # Copy the batch, because torch warns about arrays that are read-only.
            batch = torch.from_numpy(np.array(flat[start : start + size])).to(computing)
            logits = network(model.inputs(batch)).cpu().double() / temperature
            probabilities[start : start + size] = logits.softmax(1).numpy()
            bar.update(len(batch))
    return probabilities.reshape(pictures, conditions, -1)


def ai_scores(
    model: Model, corrupted: np.ndarray, *, origins: Mapping[str, str], temperature: float, device: str
) -> np.ndarray:
    """Compute the calibrated probability of AI for each picture under each condition: float64 [pictures, conditions].

    `origins` maps each class to `human` or `ai`. The other parameters are the same as for `scores`.
    """
    from_ai = [origins[name] == "ai" for name in model.classes]
    return scores(model, corrupted, temperature=temperature, device=device)[:, :, from_ai].sum(axis=2, dtype=float)


def fold_scores(
    model: Model,
    heads: Mapping[str, torch.Tensor],
    corrupted: np.ndarray,
    folds: Sequence[int],
    *,
    origins: Mapping[str, str],
    temperatures: Mapping[int, float],
    device: str,
) -> np.ndarray:
    """Compute the calibrated probability of AI of corrupted pictures, each by the head that does not know its fold.

    Parameters
    ----------
    model, heads : see `brushprint.training.folds.cross_validated`
    corrupted, origins, device : see `ai_scores`
    folds : the fold of each picture; -1 for `model` itself
    temperatures : the temperature of each of these folds

    Returns
    -------
    float64 [pictures, conditions]
    """
    scores = np.empty(corrupted.shape[:2])
    for fold in set(folds):
        rows = np.equal(folds, fold)
        # The array may be larger than memory, so that it is not copied without need.
        part = corrupted if rows.all() else corrupted[rows]
        judge = with_head(model, heads, str(fold)) if fold >= 0 else model
        scores[rows] = ai_scores(judge, part, origins=origins, temperature=temperatures[fold], device=device)
    return scores
