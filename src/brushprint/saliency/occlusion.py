"""Occlusion maps, which show where hiding a part of a picture changes the prediction, and how far Grad-CAM agrees.

Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014: a grey patch slides over the
picture, and the map shows by how much the probability of the class falls at each place.
"""

from typing import Any

import numpy as np
import torch
from scipy.stats import bootstrap

from brushprint.models.devices import choose_device
from brushprint.models.inputs import batch_size
from brushprint.models.model import Model
from brushprint.stats.ranks import centred_ranks

# Patch and stride are set in pixels of a picture with this side, which the study that the patch comes from used.
SIDE = 128


def scaled(pixels: int, side: int) -> int:
    """Convert a length in pixels from a picture of `SIDE` pixels to one of `side` pixels; the result is at least 1."""
    return max(1, round(pixels * side / SIDE))


def windows(side: int, patch: int, stride: int) -> torch.Tensor:
    """Mark the pixels of a row, or of a column, that the patch hides at each step: bool [steps, side].

    The last step reaches the end of the row; a patch that would extend beyond the end is cut off there.
    """
    start = torch.arange(-(-(side - patch) // stride) + 1)[:, None] * stride
    pixel = torch.arange(side)
    return (start <= pixel) & (pixel < start + patch)


def drops(
    model: Model, pictures: torch.Tensor, classes: torch.Tensor, hidden: torch.Tensor, device: str = "cpu"
) -> np.ndarray:
    """Measure how much the probability of a class falls when a patch of the picture is grey.

    Parameters
    ----------
    model : a model of any precision; it computes in float32 here, because bfloat16 is coarser than the differences
    pictures : uint8 [pictures, side, side, 3]
    classes : int64 [pictures]
    hidden : see `windows`
    device : see `brushprint.models.devices.choose_device`

    Returns
    -------
    float32 [pictures, steps, steps], from -1 to 1: for each place of the patch, the probability without the patch minus
    the probability with the patch there.
    """
    where = choose_device(device)
    network, steps, batch = model.network.to(where), len(hidden), batch_size(pictures.shape[1])
    hidden = hidden.to(where)
    # The middle between black (0) and white (255) is not a whole number, so the grey picture is not uint8.
    grey = model.inputs(torch.full((1, 1, 1, 3), 127.5, device=where))

    def probability(inputs: torch.Tensor, named: torch.Tensor) -> torch.Tensor:
        shape = inputs.shape[:2]
        logits = network(inputs.flatten(0, 1).contiguous(memory_format=torch.channels_last))
        named = named.to(where).repeat_interleave(shape[1])[:, None]
        return logits.softmax(1).gather(1, named).reshape(shape).cpu()

    falls = []
    at_once = max(1, batch // steps**2)
    with torch.no_grad():
        for part, named in zip(pictures.split(at_once), classes.split(at_once), strict=True):
            inputs = model.inputs(part.to(where))[:, None]
            covered = []
            for place in torch.arange(steps**2, device=where).split(batch):
                row, column = hidden[place // steps, :, None], hidden[place % steps, None, :]
                covered.append(probability(torch.where((row & column)[:, None], grey, inputs), named))
            falls.append(probability(inputs, named) - torch.cat(covered, dim=1))
    return torch.cat(falls).reshape(-1, steps, steps).numpy()


def as_maps(falls: np.ndarray, hidden: torch.Tensor) -> np.ndarray:
    """Resize the result of `drops` to the size of the pictures, float32 [pictures, side, side].

    Each pixel gets the mean over all patches that hide it.
    """
    share = (hidden / hidden.sum(0)).numpy()
    return share.T @ falls @ share


def under_patches(maps: np.ndarray, hidden: torch.Tensor) -> np.ndarray:
    """Average maps [pictures, side, side] under each place of the patch: float32 [pictures, steps, steps]."""
    share = (hidden / hidden.sum(1, keepdim=True)).numpy()
    return share @ maps @ share.T


def agreement(maps: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Measure how far two kinds of maps agree for the same picture, and for different pictures as a baseline.

    Parameters
    ----------
    maps, others : the two kinds of maps, each [pictures, steps, steps]

    Returns
    -------
    Two arrays, each float64 [pictures]. First, Spearman's rank correlation of both maps of each picture. Second, the
    mean of the correlations of the picture's map in `maps` with the maps in `others` of all other pictures. A
    correlation is nan if a map is the same everywhere. The mean leaves out such correlations, and is nan if none
    remains, as for a single picture.
    """
    one, other = (_standard_ranks(kind.reshape(len(kind), np.prod(kind.shape[1:]))) for kind in (maps, others))
    every = one @ other.T
    own = np.diagonal(every).copy()
    np.fill_diagonal(every, np.nan)
    known = np.isfinite(every).sum(axis=1)
    with np.errstate(invalid="ignore"):
        return own, np.nansum(every, axis=1) / known


def _standard_ranks(rows: np.ndarray) -> np.ndarray:
    """The centred ranks of each row, scaled to Euclidean length 1; nan for a row that is the same everywhere."""
    ranks = centred_ranks(rows)
    with np.errstate(invalid="ignore"):
        return ranks / np.linalg.norm(ranks, axis=1, keepdims=True)


def summary(own: np.ndarray, null: np.ndarray, seed: int) -> dict[str, Any]:
    """Average both results of `agreement`, and their difference, over the pictures for which both are defined.

    Returns `pictures` (their number) and the means `agreement`, `null` and `difference`. Each mean has a `value` and
    the limits `low` and `high` of a 95 % percentile bootstrap interval over the pictures (Efron, 1979); all are None
    where undefined.
    """
    known = np.isfinite(own) & np.isfinite(null)
    own, null = own[known], null[known]
    measures = {"agreement": own, "null": null, "difference": own - null}
    return {"pictures": int(known.sum())} | {name: _mean(values, seed) for name, values in measures.items()}


def _mean(values: np.ndarray, seed: int) -> dict[str, float | None]:
    if len(values) < 2:
        return {"value": float(values[0]) if len(values) else None, "low": None, "high": None}
    resampled = bootstrap((values,), np.mean, n_resamples=1000, method="percentile", rng=np.random.default_rng(seed))
    low, high = resampled.confidence_interval
    return {"value": float(values.mean()), "low": float(low), "high": float(high)}
