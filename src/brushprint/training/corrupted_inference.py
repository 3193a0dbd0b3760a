"""How a network answers when pictures are perturbed."""

from collections.abc import Mapping

import numpy as np
import torch

from brushprint.core.job_log import progress
from brushprint.models import networks
from brushprint.models.networks import Model


def scores(model: Model, perturbed: np.ndarray, *, device: str) -> np.ndarray:
    """Probabilities of the classes for each picture under each condition.

    Parameters
    ----------
    model : the trained network
    perturbed : uint8 [pictures, conditions, side, side, 3], maybe memory-mapped, see `brushprint.data.corrupted_arrays`
    device : see `brushprint.models.networks.device`

    Returns
    -------
    float32 [pictures, conditions, classes], summing to 1; of a picture as it is, what
    `brushprint.training.inference.infer` says
    """
    pictures, conditions, side = perturbed.shape[:3]
    flat = perturbed.reshape(-1, *perturbed.shape[2:])
    where, batch = networks.device(device), networks.batch(side)
    network = model.network.to(where)
    found = np.empty((len(flat), len(model.classes)), np.float32)
    with torch.no_grad(), progress(len(flat), "robustness") as bar:
        for start in range(0, len(flat), batch):
            # A copy: torch warns of an array that may not be written to.
            seen = torch.from_numpy(np.array(flat[start : start + batch])).to(where)
            found[start : start + batch] = network(model.inputs(seen)).cpu().double().softmax(1).numpy()
            bar.update(len(seen))
    return found.reshape(pictures, conditions, -1)


def ai_scores(model: Model, perturbed: np.ndarray, origins: Mapping[str, str], *, device: str) -> np.ndarray:
    """The probability that each picture under each condition was made by AI, float64 [pictures, conditions].

    `origins` maps classes to `human` or `ai`; the rest is as in `scores`.
    """
    of_ai = [origins[name] == "ai" for name in model.classes]
    return scores(model, perturbed, device=device)[:, :, of_ai].sum(axis=2, dtype=float)
