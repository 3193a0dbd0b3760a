"""One forward pass over the held-out pictures gives predictions and features."""

import numpy as np
import pandas as pd
import pyarrow as pa
import torch
from torch.nn.functional import adaptive_max_pool2d

from brushprint import networks
from brushprint.console import progress
from brushprint.errors import UserError
from brushprint.networks import Model, recorded

# A pooled map of more values than this is max-pooled to the finest grid that has no more: at 128 pixels the last pool
# of the CIFAKE network has 57,600 values a picture, which no analysis needs and 30,000 pictures cannot hold.
MOST_FEATURES = 4096


def infer(model: Model, pixels: np.ndarray, table: pd.DataFrame, *, device: str) -> tuple[pd.DataFrame, pa.Table]:
    """Run every picture of `table` through the network once.

    Parameters
    ----------
    model : the trained network
    pixels : uint8 [pictures, side, side, 3]
    table : columns `row` (of `pixels`), `image_id`, `partition`, `label` (class name)
    device : see `brushprint.networks.device`

    Returns
    -------
    predictions : `image_id`, `partition`, `label`, `predicted`, and `p_<class>`, float64 probabilities
    features : `image_id`, `pool` and `penultimate`, fixed-size lists of float32: the outputs of the last pooling layer
        (flattened, at most `MOST_FEATURES`) and of the layer before the logits

    Raises `UserError` when there are no pictures, or some have a class that the network does not know.
    """
    if table.empty:
        raise UserError("no picture to validate or test on has a class; set another task or split")
    if unknown := set(table["label"]) - set(model.classes):
        raise UserError(f"no training picture has the class {min(unknown)!r}; give its folder some")
    layers = model.layers
    where = networks.device(device)
    network = model.network.to(where)
    numbers, batch = table["row"].to_numpy(), networks.batch(pixels.shape[1])
    logits, pool, penultimate = [], [], []
    with (
        torch.no_grad(),
        recorded(network, layers.pool, layers.penultimate) as outputs,
        progress(len(table), "infer") as bar,
    ):
        for start in range(0, len(table), batch):
            rows = numbers[start : start + batch]
            pictures = torch.from_numpy(pixels[rows]).to(where)
            logits.append(network(model.inputs(pictures)).cpu())
            pool.append(_compact(outputs[layers.pool]).cpu())
            penultimate.append(outputs[layers.penultimate].flatten(1).cpu())
            bar.update(len(rows))
    probabilities = torch.cat(logits).double().softmax(1).numpy()
    predictions = table[["image_id", "partition", "label"]].reset_index(drop=True)
    predictions["predicted"] = np.array(model.classes)[probabilities.argmax(1)]
    predictions[[f"p_{name}" for name in model.classes]] = probabilities
    ids = pa.array(table["image_id"].tolist())
    return predictions, pa.table({"image_id": ids, "pool": _lists(pool), "penultimate": _lists(penultimate)})


def _compact(maps: torch.Tensor) -> torch.Tensor:
    """Flatten pooled maps [batch, channels, height, width] to at most `MOST_FEATURES` values a picture.

    Those that are flat already stay as they are.
    """
    if maps.dim() == 2:
        return maps
    channels, side = maps.shape[1], maps.shape[2]
    while channels * side * side > MOST_FEATURES and side > 1:
        side -= 1
    return (adaptive_max_pool2d(maps, side) if side < maps.shape[2] else maps).flatten(1)


def _lists(batches: list[torch.Tensor]) -> pa.FixedSizeListArray:
    values = torch.cat(batches).float()
    return pa.FixedSizeListArray.from_arrays(pa.array(values.flatten().numpy()), values.shape[1])
