"""Where hiding a part of a picture changes the answer, and how far Grad-CAM agrees.

Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014: a grey patch slides over the
picture, and what counts is how much less sure of its answer the network then is.
"""

from typing import Any

import numpy as np
import torch
from scipy.stats import bootstrap, rankdata

from brushprint.models.devices import choose_device
from brushprint.models.inputs import batch_size
from brushprint.models.model import Model

# The side of the pictures that source 003 slides its patch over; settings are in its pixels.
SIDE = 128


def scaled(pixels: int, side: int) -> int:
    """So many pixels of a picture of `SIDE` pixels, in one of `side`; at least one."""
    return max(1, round(pixels * side / SIDE))


def windows(side: int, patch: int, stride: int) -> torch.Tensor:
    """The pixels of a row, or a column, that the patch hides at each step: bool [steps, side].

    The last step reaches the end of the row, or beyond it, where the patch is cut.
    """
    start = torch.arange(-(-(side - patch) // stride) + 1)[:, None] * stride
    pixel = torch.arange(side)
    return (start <= pixel) & (pixel < start + patch)


def drops(
    model: Model, pictures: torch.Tensor, classes: torch.Tensor, hidden: torch.Tensor, device: str = "cpu"
) -> np.ndarray:
    """How much the probability of a class falls when a patch of the picture is grey.

    Parameters
    ----------
    model : of any precision; it computes in float32, for differences are smaller than bfloat16 can tell
    pictures : uint8 [pictures, side, side, 3]
    classes : int64 [pictures]
    hidden : of `windows`
    device : see `brushprint.models.devices.choose_device`

    Returns
    -------
    float32 [pictures, steps, steps], a value a place of the patch, from -1 (it then is sure) to 1 (was sure).
    """
    where = choose_device(device)
    network, steps, batch = model.network.to(where), len(hidden), batch_size(pictures.shape[1])
    hidden = hidden.to(where)
    # The grey between black and white, of which there is none in whole numbers.
    grey = model.inputs(torch.full((1, 1, 1, 3), 127.5, device=where))

    def probability(inputs: torch.Tensor, named: torch.Tensor) -> torch.Tensor:
        shape = inputs.shape[:2]
        logits = network(inputs.flatten(0, 1).contiguous(memory_format=torch.channels_last))
        named = named.to(where).repeat_interleave(shape[1])[:, None]
        return logits.softmax(1).gather(1, named).reshape(shape).cpu()

    found = []
    at_once = max(1, batch // steps**2)
    with torch.no_grad():
        for part, named in zip(pictures.split(at_once), classes.split(at_once), strict=True):
            inputs = model.inputs(part.to(where))[:, None]
            covered = []
            for place in torch.arange(steps**2, device=where).split(batch):
                row, column = hidden[place // steps, :, None], hidden[place % steps, None, :]
                covered.append(probability(torch.where((row & column)[:, None], grey, inputs), named))
            found.append(probability(inputs, named) - torch.cat(covered, dim=1))
    return torch.cat(found).reshape(-1, steps, steps).numpy()


def as_maps(found: np.ndarray, hidden: torch.Tensor) -> np.ndarray:
    """Bring `drops` to the pictures' size, float32 [pictures, side, side]: the mean over all patches on a pixel."""
    share = (hidden / hidden.sum(0)).numpy()
    return share.T @ found @ share


def under_patches(maps: np.ndarray, hidden: torch.Tensor) -> np.ndarray:
    """The mean of maps [pictures, side, side] under each place of the patch, float32 [pictures, steps, steps]."""
    share = (hidden / hidden.sum(1, keepdim=True)).numpy()
    return share @ maps @ share.T


def agreement(maps: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far two kinds of maps of the same pictures agree, and how far they would by what all pictures share.

    Parameters
    ----------
    maps, others : [pictures, steps, steps]

    Returns
    -------
    Spearman's rank correlation of both maps of each picture, and the mean of those of its map with the other kind of
    every other picture; float64 [pictures] each, nan where it is undefined: of a map that is the same everywhere, and
    of a single picture.
    """
    one, other = (_standard_ranks(given.reshape(len(given), np.prod(given.shape[1:]))) for given in (maps, others))
    every = one @ other.T
    own = np.diagonal(every).copy()
    np.fill_diagonal(every, np.nan)
    known = np.isfinite(every).sum(axis=1)
    with np.errstate(invalid="ignore"):
        return own, np.nansum(every, axis=1) / known


def _standard_ranks(rows: np.ndarray) -> np.ndarray:
    """The ranks of each row, centred and of length 1; nan of a row that is the same everywhere."""
    ranks = rankdata(rows, axis=1) if rows.size else rows
    ranks = ranks - ranks.mean(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        return ranks / np.linalg.norm(ranks, axis=1, keepdims=True)


def summary(own: np.ndarray, null: np.ndarray, seed: int) -> dict[str, Any]:
    """The means of `agreement`, `null` and their `difference` over the `pictures` where both are defined.

    Each has `value`, `low` and `high`, a 95 % percentile bootstrap interval over the pictures (Efron, 1979), null where
    it is undefined.
    """
    known = np.isfinite(own) & np.isfinite(null)
    own, null = own[known], null[known]
    measures = {"agreement": own, "null": null, "difference": own - null}
    return {"pictures": int(known.sum())} | {name: _mean(values, seed) for name, values in measures.items()}


def _mean(values: np.ndarray, seed: int) -> dict[str, float | None]:
    if len(values) < 2:
        return {"value": float(values[0]) if len(values) else None, "low": None, "high": None}
    found = bootstrap((values,), np.mean, n_resamples=1000, method="percentile", rng=np.random.default_rng(seed))
    low, high = found.confidence_interval
    return {"value": float(values.mean()), "low": float(low), "high": float(high)}
