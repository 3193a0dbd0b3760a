"""Train a network: one loop, resumed after its last finished epoch, the same bytes every time."""

import hashlib
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from lightning_fabric import Fabric
from torch import nn
from torch.nn.functional import cross_entropy
from tqdm import tqdm

from brushprint import networks
from brushprint.atomic import replacing
from brushprint.console import LOG, progress
from brushprint.errors import UserError
from brushprint.recipe import Recipe


class Data:
    """Pictures of one partition: uint8 rows of a pixel array, and their classes; batches are gathered whole."""

    def __init__(self, pixels: np.ndarray, rows: np.ndarray, targets: np.ndarray) -> None:
        """Take `pixels` [pictures, side, side, 3], maybe memory-mapped, int64 `rows` of it and their class indices."""
        self.pixels, self.rows, self.targets = pixels, rows, targets

    def __len__(self) -> int:
        """How many pictures."""
        return len(self.rows)

    def batches(self, size: int, order: np.ndarray | None = None) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Batches of uint8 pictures [batch, side, side, 3] and int64 targets [batch], in the given order of rows."""
        order = np.arange(len(self)) if order is None else order
        for start in range(0, len(order), size):
            chosen = order[start : start + size]
            yield torch.from_numpy(self.pixels[self.rows[chosen]]), torch.from_numpy(self.targets[chosen])


def class_index(labels: pd.Series, classes: list[str]) -> np.ndarray:
    """The position of each label in `classes`, int64; raises `UserError` for a label that is not among them."""
    index = pd.Index(classes).get_indexer(labels)
    if (index < 0).any():
        raise UserError(f"no training picture has the class {labels[index < 0].iloc[0]!r}; give its folder some")
    return index.astype(np.int64)


def train(
    *,
    recipe: Recipe,
    data: Data,
    validation: Data,
    classes: list[str],
    seed: int,
    device: str,
    checkpoint: Path,
    identity: Any,
    label: str,
) -> tuple[dict[str, torch.Tensor], pd.DataFrame]:
    """Train as the recipe says and choose the epoch with the lowest validation loss.

    Parameters
    ----------
    recipe : how
    data, validation : what to learn from, and what chooses the epoch and stops early
    classes : names, in the order of the network's outputs
    seed : of the weights, the order of the pictures and every random layer
    device : an accelerator of Lightning Fabric
    checkpoint : file that keeps the state after each epoch; a run that was cut resumes from it
    identity : everything that decides the result, as JSON; a checkpoint of another identity is ignored
    label : name of the progress lines

    Returns
    -------
    weights of the best epoch, and the history: a row an epoch with `epoch`, `learning_rate`, `train_loss`,
    `train_accuracy`, `validation_loss`, `validation_accuracy` and `best`. Losses are mean cross-entropies in nats;
    those of training are over the epoch, while the network learns.

    Raises `UserError` when there is nothing to tell apart or to judge by, or the loss is no longer finite.
    """
    for part, purpose in ((data, "train"), (validation, "validate")):
        if not len(part):
            raise UserError(f"{label}: no picture to {purpose} on has a class; set another task or split")
    if len(np.unique(data.targets)) < 2:
        only = classes[data.targets[0]]
        raise UserError(f"{label}: all training pictures are {only!r}; two classes are needed: see collection.labels")
    fabric = networks.fabric(device, recipe.precision)
    torch.manual_seed(seed)
    network = networks.build(recipe.architecture, len(classes), recipe.image_size)
    optimizer = torch.optim.Adam(network.parameters(), lr=recipe.learning_rate)
    network, optimizer = fabric.setup(network, optimizer)
    state = {"network": network, "optimizer": optimizer, "history": [], "best": {}}
    digest = hashlib.sha256(json.dumps(identity).encode()).hexdigest()
    _resume(fabric, checkpoint, state, digest, label)

    done = len(state["history"])
    with progress(recipe.epochs * len(data), label) as bar:
        bar.update(done * len(data))
        for epoch in range(done + 1, recipe.epochs + 1):
            if _stalled(state["history"], recipe.patience):
                break
            torch.manual_seed(seed + epoch)
            order = np.random.default_rng([seed, epoch]).permutation(len(data))
            training = _train_epoch(fabric, network, optimizer, data.batches(recipe.batch_size, order), bar)
            judged = evaluate(fabric, network, validation.batches(recipe.batch_size))
            if not math.isfinite(training[0] + judged[0]):
                raise UserError(f"{label}: the loss is not finite in epoch {epoch}; lower learning_rate of the recipe")
            _record(state, epoch, recipe.learning_rate, training, judged)
            bar.set_postfix(epoch=f"{epoch}/{recipe.epochs}", validation_loss=f"{judged[0]:.3f}", refresh=False)
            _save(checkpoint, state, digest)
    history = pd.DataFrame(state["history"])
    history["best"] = history.index == history["validation_loss"].idxmin()
    return state["best"], history


def _train_epoch(
    fabric: Fabric, network: nn.Module, optimizer: torch.optim.Optimizer, batches: Iterator, bar: tqdm
) -> tuple[float, float]:
    """One pass; returns mean loss and accuracy."""
    network.train()
    totals = torch.zeros(3, dtype=torch.float64)
    for inputs, targets in _ready(fabric, batches):
        logits = network(inputs)
        loss = cross_entropy(logits, targets)
        optimizer.zero_grad()
        fabric.backward(loss)
        optimizer.step()
        totals += _totals(loss.detach() * len(targets), logits, targets)
        bar.update(len(targets))
    return (totals[0] / totals[2]).item(), (totals[1] / totals[2]).item()


@torch.no_grad()
def evaluate(fabric: Fabric, network: nn.Module, batches: Iterator) -> tuple[float, float]:
    """Mean cross-entropy and accuracy of a network over batches, without learning."""
    network.eval()
    totals = torch.zeros(3, dtype=torch.float64)
    for inputs, targets in _ready(fabric, batches):
        logits = network(inputs)
        totals += _totals(cross_entropy(logits, targets, reduction="sum"), logits, targets)
    return (totals[0] / totals[2]).item(), (totals[1] / totals[2]).item()


def _ready(fabric: Fabric, batches: Iterator) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    for pictures, targets in batches:
        yield networks.as_input(fabric.to_device(pictures)), fabric.to_device(targets)


def _totals(loss: torch.Tensor, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    hits = (logits.argmax(1) == targets).sum()
    return torch.tensor([loss.item(), hits.item(), len(targets)], dtype=torch.float64)


def _record(
    state: dict[str, Any], epoch: int, rate: float, training: tuple[float, float], judged: tuple[float, float]
) -> None:
    lowest = min((row["validation_loss"] for row in state["history"]), default=math.inf)
    if judged[0] < lowest:
        state["best"] = {name: value.detach().cpu().clone() for name, value in state["network"].state_dict().items()}
    names = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
    row = {"epoch": epoch, "learning_rate": rate, **dict(zip(names, training + judged, strict=True))}
    state["history"].append(row)


def _stalled(history: list[dict[str, float]], patience: int | None) -> bool:
    if patience is None or not history:
        return False
    losses = [row["validation_loss"] for row in history]
    return len(losses) - 1 - losses.index(min(losses)) >= patience


def _save(checkpoint: Path, state: dict[str, Any], digest: str) -> None:
    plain = {key: value.state_dict() if hasattr(value, "state_dict") else value for key, value in state.items()}
    with replacing(checkpoint) as part:
        torch.save({"identity": digest, **plain}, part)


def _resume(fabric: Fabric, checkpoint: Path, state: dict[str, Any], digest: str, label: str) -> None:
    if not checkpoint.exists():
        return
    try:
        saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
        found = saved["identity"]
    except Exception as error:  # torch has no name for what it raises on a damaged file
        LOG.info("%s: the checkpoint %s is damaged (%s) and is ignored", label, checkpoint, type(error).__name__)
        return
    if found != digest:
        LOG.info("%s: a checkpoint of other settings, code or pictures is ignored", label)
        return
    state["network"].load_state_dict(saved["network"])
    state["optimizer"].load_state_dict(saved["optimizer"])
    state["history"], state["best"] = saved["history"], saved["best"]
    LOG.info("%s: resumed after epoch %d", label, len(state["history"]))
