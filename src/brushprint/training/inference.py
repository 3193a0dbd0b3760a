"""Run a network once over the held-out pictures to get probabilities and features."""

from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import torch
from torch.nn.functional import adaptive_max_pool2d

from brushprint.core.errors import UserError
from brushprint.core.job_log import progress
from brushprint.models.devices import choose_device
from brushprint.models.fabric import setup_fabric
from brushprint.models.inputs import batch_of
from brushprint.models.layers import recorded
from brushprint.models.model import Model
from brushprint.models.processes import ALONE, Processes, run

# The largest number of pooled values per picture. Larger maps are max-pooled to the finest grid within this limit. At
# 128 pixels, the last pool of the CIFAKE network has 57,600 values per picture. No analysis needs that many, and for
# 30,000 pictures they would not fit into memory.
MOST_FEATURES = 4096


def infer(
    model: Model,
    pixels: np.ndarray,
    table: pd.DataFrame,
    *,
    device: str,
    processes: Processes = ALONE,
    folder: Path = Path("scratch/infer"),
) -> tuple[pd.DataFrame, pa.Table]:
    """Run every picture of `table` through the network once.

    Parameters
    ----------
    model : the trained network
    pixels : uint8 [pictures, side, side, 3]; for a head, the features of its encoder, float32 [pictures, features]
    table : one row per picture; columns `row` (index into `pixels`), `image_id`, `partition`, `label` (class name)
    device : see `brushprint.models.devices.choose_device`
    processes, folder : see `brushprint.models.processes.run`; the result is bit-identical for any number of processes

    Returns
    -------
    probabilities : `image_id`, `partition`, `label`, and `p_<class>`, float64, in the order of the network's outputs
    features : `image_id`, `pool` and `penultimate`. The latter two are fixed-size lists of float32: the outputs of the
        last pooling layer (flattened, at most `MOST_FEATURES`) and of the layer before the logits

    Raises `UserError` if there are no pictures, or if the network does not know the class of some picture.
    """
    if table.empty:
        raise UserError("no validation or test picture has a class; set another task or split")
    if unknown := set(table["label"]) - set(model.classes):
        raise UserError(f"no training picture has the class {min(unknown)!r}; add pictures of this class")
    rows = table["row"].to_numpy()
    dealt = run(_outputs, processes, folder, model=model, pixels=pixels, rows=rows, device=device)
    logits, pool, penultimate = zip(*(batch for turn in zip_longest(*dealt) for batch in turn if batch), strict=True)
    probabilities = table[["image_id", "partition", "label"]].reset_index(drop=True)
    probabilities[[f"p_{name}" for name in model.classes]] = torch.cat(logits).double().softmax(1).numpy()
    ids = pa.array(table["image_id"].tolist())
    return probabilities, pa.table({"image_id": ids, "pool": _lists(pool), "penultimate": _lists(penultimate)})


@torch.no_grad()
def _outputs(
    model: Model, pixels: np.ndarray, rows: np.ndarray, device: str, processes: Processes
) -> list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Compute logits, pooled maps and penultimate features of each batch of this process.

    The processes take turns: with n processes, each takes every n-th batch.
    """
    layers = model.layers
    computing = choose_device(device) if processes.count == 1 else setup_fabric(device, processes=processes).device
    network, size = model.network.to(computing), batch_of(pixels.shape[1:])
    batches = []
    with recorded(network, layers.pool, layers.penultimate) as outputs, progress(len(rows), "infer") as bar:
        for start in processes.part(np.arange(0, len(rows), size)):
            pictures = torch.from_numpy(pixels[rows[start : start + size]]).to(computing)
            logits = network(model.inputs(pictures)).cpu()
            pool, penultimate = _compact(outputs[layers.pool]).cpu(), outputs[layers.penultimate].flatten(1).cpu()
            batches.append((logits, pool, penultimate))
            bar.update(min(size * processes.count, len(rows) - bar.n))
    return batches


def _compact(maps: torch.Tensor) -> torch.Tensor:
    """Flatten square pooled maps [batch, channels, side, side] to at most `MOST_FEATURES` values per picture.

    Features that are already flat are returned unchanged.
    """
    if maps.dim() == 2:
        return maps
    channels, side = maps.shape[1], maps.shape[2]
    while channels * side * side > MOST_FEATURES and side > 1:
        side -= 1
    return (adaptive_max_pool2d(maps, side) if side < maps.shape[2] else maps).flatten(1)


def _lists(batches: Sequence[torch.Tensor]) -> pa.ChunkedArray:
    """Make one list per picture. Each batch stays a chunk, because a copy of all batches might not fit into memory."""
    chunks = ((pa.array(batch.float().flatten().numpy()), batch.shape[1]) for batch in batches)
    return pa.chunked_array([pa.FixedSizeListArray.from_arrays(*chunk) for chunk in chunks])
