"""Train a network: one loop, resumed after its last finished epoch, the same bytes every time."""

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from lightning_fabric import Fabric
from torch import nn
from torch.nn.functional import cross_entropy
from tqdm import tqdm

from brushprint.core.atomic import replacing
from brushprint.core.errors import UserError
from brushprint.core.job_log import LOG, progress
from brushprint.models import networks, sync_batch_norm
from brushprint.models.devices import ALONE, Processes
from brushprint.models.head import find
from brushprint.models.recipe import Phase, Recipe
from brushprint.training.augmentation import changes

FORMATS = {"channels_last": torch.channels_last, "contiguous": torch.contiguous_format}

# Processes draw apart: from seeds that are further from one another than there are epochs.
APART = 1_000_000


class Data:
    """Pictures of one partition: uint8 rows of a pixel array, and their classes; batches are gathered whole."""

    def __init__(
        self, pixels: np.ndarray, rows: np.ndarray, targets: np.ndarray, copies: np.ndarray | None = None
    ) -> None:
        """Take `pixels` [pictures, side, side, 3], maybe memory-mapped, int64 `rows` of it and their class indices.

        Rows from `len(pixels)` on are those of `copies` [copies, side, side, 3]; see `rows_of`.
        """
        self.pixels, self.rows, self.targets, self.copies = pixels, rows, targets, copies

    def __len__(self) -> int:
        """How many pictures."""
        return len(self.rows)

    def batches(
        self, size: int, order: np.ndarray | None = None, processes: Processes = ALONE
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Batches of uint8 pictures [batch, side, side, 3] and int64 targets [batch], in the given order of rows.

        Of each batch of `size` only the part of this process is read.
        """
        order = np.arange(len(self)) if order is None else order
        for start in range(0, len(order), size):
            chosen = processes.part(order[start : start + size])
            yield torch.from_numpy(self._gather(self.rows[chosen])), torch.from_numpy(self.targets[chosen])

    def _gather(self, rows: np.ndarray) -> np.ndarray:
        copied = rows >= len(self.pixels)
        if not copied.any():
            return self.pixels[rows]
        pictures = np.empty((len(rows), *self.pixels.shape[1:]), np.uint8)
        pictures[~copied] = self.pixels[rows[~copied]]
        pictures[copied] = self.copies[rows[copied] - len(self.pixels)]
        return pictures


def rows_of(split: pd.DataFrame, pictures: int) -> np.ndarray:
    """Where `Data` finds each row of a split, int64: copies lie behind the `pictures`, in the order of the split.

    `split` has all its copies; see `brushprint.data.split`.
    """
    copied = split["copy"] > 0
    return split["row"].mask(copied, pictures + copied.cumsum() - 1).to_numpy(dtype=np.int64)


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
    weights: Path | None,
    checkpoint: Path,
    identity: Any,
    label: str,
    processes: Processes = ALONE,
) -> tuple[dict[str, torch.Tensor], pd.DataFrame]:
    """Train as the recipe says and choose the epoch with the lowest validation loss.

    Parameters
    ----------
    recipe : how
    data, validation : what to learn from, and what chooses the epoch and stops early
    classes : names, in the order of the network's outputs
    seed : of the weights, the order of the pictures and every random layer
    device : an accelerator of Lightning Fabric
    weights : file to begin from, see `brushprint.models.networks.load_weights`; None for random ones
    checkpoint : file that keeps the state after each epoch; a run that was cut resumes from it
    identity : everything that decides the result, as JSON; a checkpoint of another identity is ignored
    label : name of the progress lines
    processes : those that train together, each on its part of every batch; see `brushprint.models.devices.run`

    Returns
    -------
    weights of the best epoch, and the history: a row an epoch with `phase` (from 1), `epoch` (from 1, counted over the
    phases), `learning_rate`, `train_loss`, `train_accuracy`, `validation_loss`, `validation_accuracy` and `best`.
    Losses are mean cross-entropies in nats, weighed where the recipe weighs classes; those of training are over the
    epoch, while the network learns.

    A phase after the first begins from the best weights so far, with a fresh optimiser. Raises `UserError` when there
    is nothing to tell apart or to judge by, a layer does not exist, or the loss is no longer finite.
    """
    for part, purpose in ((data, "train"), (validation, "validate")):
        if not len(part):
            raise UserError(f"{label}: no picture to {purpose} on has a class; set another task or split")
    if len(np.unique(data.targets)) < 2:
        only = classes[data.targets[0]]
        raise UserError(f"{label}: all training pictures are {only!r}; two classes are needed: see collection.labels")
    fabric = networks.fabric(device, recipe.precision, processes.devices, processes.nodes)
    torch.manual_seed(seed)
    one_logit = recipe.loss == networks.ONE_LOGIT
    network = networks.build(
        recipe.architecture, len(classes), recipe.image_size, dropout=recipe.dropout, one_logit=one_logit
    )
    if weights:
        networks.load_weights(network, weights, recipe.architecture)
    for phase in recipe.phases():
        networks.check_layers(network, phase.trainable_layers)
    if processes.count > 1:
        sync_batch_norm.share(network)
    network.to(fabric.device, memory_format=FORMATS[recipe.memory_format])
    state = _State(fabric, network, checkpoint, hashlib.sha256(json.dumps(identity).encode()).hexdigest())
    state.resume(label)
    balance = _class_weights(data.targets, len(classes)) if recipe.class_weights else None
    loss = partial(cross_entropy, weight=None if balance is None else fabric.to_device(balance))

    with progress(sum(phase.epochs for phase in recipe.phases()) * len(data), label) as bar:
        bar.update(len(state.history) * len(data))
        for number, phase in enumerate(recipe.phases(), start=1):
            if any(row["phase"] > number for row in state.history):
                continue
            state.begin(number)
            freeze(network, phase.trainable_layers)
            learner = _learner(fabric, processes, network, recipe, phase, parts=(data, validation))
            optimizer = fabric.setup_optimizers(_optimizer(network, recipe))
            if state.optimizer:
                optimizer.load_state_dict(state.optimizer)
            while len(rows := state.rows(number)) < phase.epochs and not _stalled(rows, recipe.patience):
                epoch, rate = len(state.history) + 1, phase.learning_rate * recipe.lr_decay ** len(rows)
                for group in optimizer.param_groups:
                    group["lr"] = rate
                torch.manual_seed(seed + epoch + APART * processes.rank)
                order = np.random.default_rng([seed, epoch]).permutation(len(data))
                learning_mode(network, phase.trainable_layers)
                training = _train_epoch(learner, optimizer, loss, order, bar)
                network.eval()
                judged = evaluate(learner.module, loss, learner.judged(), learner.summed)
                if not math.isfinite(training[0] + judged[0]):
                    raise UserError(
                        f"{label}: the loss is not finite in epoch {epoch}; lower learning_rate of the recipe"
                    )
                names = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
                measured = dict(zip(names, training + judged, strict=True))
                state.add({"phase": number, "epoch": epoch, "learning_rate": rate, **measured}, optimizer)
                bar.set_postfix(epoch=epoch, validation_loss=f"{judged[0]:.3f}", refresh=False)
    history = pd.DataFrame(state.history)
    history["best"] = history.index == history["validation_loss"].idxmin()
    return state.best, history


def freeze(network: nn.Module, trainable_layers: list[str] | None) -> None:
    """Let the parameters of the modules `trainable_layers` learn, and no others; all of them when it is None."""
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(_within(name, trainable_layers))


def learning_mode(network: nn.Module, trainable_layers: list[str] | None) -> None:
    """Training mode for the modules `trainable_layers`; what is frozen neither drops nor gathers batch statistics."""
    for name, module in network.named_modules():
        module.training = _within(name, trainable_layers)


def _within(name: str, trainable_layers: list[str] | None) -> bool:
    return trainable_layers is None or any(f"{name}.".startswith(f"{module}.") for module in trainable_layers)


def _class_weights(targets: np.ndarray, classes: int) -> torch.Tensor:
    """Weights in inverse proportion to how frequent each class is (King and Zeng, 2001), on average 1 a picture."""
    counts = np.bincount(targets, minlength=classes)
    return torch.from_numpy(len(targets) / (classes * np.maximum(counts, 1))).float()


def _optimizer(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    if recipe.optimizer == "sgd":
        nesterov = recipe.momentum > 0
        of = {"momentum": recipe.momentum, "nesterov": nesterov, "weight_decay": recipe.weight_decay}
        return torch.optim.SGD(learning, fused=True, **of)
    return torch.optim.Adam(learning, fused=True, weight_decay=recipe.weight_decay)


@dataclass(frozen=True)
class _Learner:
    """What learns in a phase: a module, the rows that it is given, and how they become its inputs."""

    fabric: Fabric
    processes: Processes
    module: nn.Module
    data: Data
    validation: Data
    batch_size: int
    as_input: Callable[[torch.Tensor], torch.Tensor]
    changed: Callable[[torch.Tensor], torch.Tensor] | None

    def batches(self, order: np.ndarray) -> Iterator[tuple[torch.Tensor, torch.Tensor, int]]:
        """Inputs and targets of this process to learn from, and how many all processes have in that batch."""
        left = len(order)
        for rows, targets in self.data.batches(self.batch_size, order, self.processes):
            changed = self.changed(rows) if self.changed and len(rows) else rows
            count = min(self.batch_size, left)
            left -= count
            yield self.as_input(self.fabric.to_device(changed)), self.fabric.to_device(targets), count

    def judged(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Inputs and targets of this process to judge by."""
        for rows, targets in self.validation.batches(self.batch_size, None, self.processes):
            yield self.as_input(self.fabric.to_device(rows)), self.fabric.to_device(targets)

    def summed(self, values: torch.Tensor) -> torch.Tensor:
        """The sum over all processes, on the CPU."""
        if self.processes.count == 1:
            return values
        return self.fabric.all_reduce(self.fabric.to_device(values), reduce_op="sum").cpu()


def _learner(
    fabric: Fabric, processes: Processes, network: nn.Module, recipe: Recipe, phase: Phase, *, parts: tuple[Data, Data]
) -> _Learner:
    def as_input(pictures: torch.Tensor) -> torch.Tensor:
        return networks.as_input(pictures, recipe.scaling).contiguous(memory_format=FORMATS[recipe.memory_format])

    changed = changes(recipe.augmentation, recipe.image_size)
    module = fabric.setup_module(network)
    learner = _Learner(fabric, processes, module, *parts, recipe.batch_size, as_input, changed)
    if not _head_alone(network, phase, recipe):
        if recipe.compile:
            # In place: the names of the weights stay.
            network.compile()
        return learner
    # All before the head is frozen and the pictures stay the same: what the head is given is computed once.
    given = [_features(learner, network, part) for part in parts]
    module = fabric.setup_module(network.get_submodule(find(network)))
    return _Learner(fabric, processes, module, *given, recipe.batch_size, nn.Identity(), None)


def _head_alone(network: nn.Module, phase: Phase, recipe: Recipe) -> bool:
    """Whether the head is given the same for a picture in every epoch."""
    return phase.trainable_layers == [find(network)] and changes(recipe.augmentation, recipe.image_size) is None


@torch.no_grad()
def _features(learner: _Learner, network: nn.Module, data: Data) -> Data:
    """What the head is given for each picture, float32 [pictures, features]."""
    network.eval()
    name = f"{find(network)}.penultimate"
    width = network.get_submodule(find(network)).logits.in_features
    features = torch.zeros((len(data), width))
    start = 0
    with networks.recorded(network, name) as outputs:
        for pictures, _ in data.batches(learner.batch_size, None, learner.processes):
            learner.module(learner.as_input(learner.fabric.to_device(pictures)))
            batch = np.arange(start, min(start + learner.batch_size, len(data)))
            features[learner.processes.part(batch)] = outputs[name].float().cpu()
            start += len(batch)
    return Data(learner.summed(features).numpy(), np.arange(len(data)), data.targets)


def _train_epoch(
    learner: _Learner,
    optimizer: torch.optim.Optimizer,
    loss: Callable[..., torch.Tensor],
    order: np.ndarray,
    bar: tqdm,
) -> tuple[float, float]:
    """One pass; returns mean loss and accuracy."""
    totals = torch.zeros(3, dtype=torch.float64)
    for inputs, targets, count in learner.batches(order):
        # Of the gradients of all processes the mean is taken.
        share = count / learner.processes.count
        logits = learner.module(inputs)
        value = loss(logits, targets, reduction="sum") / share
        optimizer.zero_grad()
        learner.fabric.backward(value)
        optimizer.step()
        totals += _totals(value.detach() * share, logits, targets)
        bar.update(count)
    totals = learner.summed(totals)
    return (totals[0] / totals[2]).item(), (totals[1] / totals[2]).item()


@torch.no_grad()
def evaluate(
    module: nn.Module,
    loss: Callable[..., torch.Tensor],
    batches: Iterable[tuple[torch.Tensor, torch.Tensor]],
    summed: Callable[[torch.Tensor], torch.Tensor] = lambda totals: totals,
) -> tuple[float, float]:
    """Mean loss and accuracy over batches of inputs and targets, without learning; `summed` adds other processes'."""
    totals = torch.zeros(3, dtype=torch.float64)
    for inputs, targets in batches:
        logits = module(inputs)
        totals += _totals(loss(logits, targets, reduction="sum"), logits, targets)
    totals = summed(totals)
    return (totals[0] / totals[2]).item(), (totals[1] / totals[2]).item()


def _totals(loss: torch.Tensor, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    hits = (logits.argmax(1) == targets).sum()
    return torch.tensor([loss.item(), hits.item(), len(targets)], dtype=torch.float64)


def _stalled(rows: list[dict[str, float]], patience: int | None) -> bool:
    if patience is None or not rows:
        return False
    losses = [row["validation_loss"] for row in rows]
    return len(losses) - 1 - losses.index(min(losses)) >= patience


class _State:
    """How far a training has come, in memory and, after each epoch, in its checkpoint; the first process keeps that."""

    def __init__(self, fabric: Fabric, network: nn.Module, checkpoint: Path, identity: str) -> None:
        self.fabric, self.network, self.checkpoint, self.identity = fabric, network, checkpoint, identity
        self.history: list[dict[str, float]] = []
        self.best: dict[str, torch.Tensor] = {}
        # Of a phase that has begun; None before its first step.
        self.optimizer: dict[str, Any] | None = None

    def rows(self, phase: int) -> list[dict[str, float]]:
        return [row for row in self.history if row["phase"] == phase]

    def begin(self, phase: int) -> None:
        if self.history and not self.rows(phase):
            networks.restore(self.network, self.best)
            self.optimizer = None

    def add(self, row: dict[str, float], optimizer: torch.optim.Optimizer) -> None:
        weights = self.network.state_dict()
        if row["validation_loss"] < min((row["validation_loss"] for row in self.history), default=math.inf):
            # torch writes what is shared once.
            weights = self.best = {name: value.detach().cpu().clone() for name, value in weights.items()}
        self.history.append(row)
        self.optimizer = optimizer.state_dict()
        if not self.fabric.is_global_zero:
            return
        saved = {key: getattr(self, key) for key in ("identity", "history", "best", "optimizer")}
        with replacing(self.checkpoint) as part:
            torch.save({"network": weights, **saved}, part)

    def resume(self, label: str) -> None:
        saved = self.fabric.broadcast(self._saved(label) if self.fabric.is_global_zero else None)
        if saved is None:
            return
        networks.restore(self.network, saved["network"])
        self.history, self.best, self.optimizer = saved["history"], saved["best"], saved["optimizer"]
        LOG.info("%s: resumed after epoch %d", label, len(self.history))

    def _saved(self, label: str) -> dict[str, Any] | None:
        """What the checkpoint holds, if it is of this training."""
        if not self.checkpoint.exists():
            return None
        try:
            saved = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
            found = saved["identity"]
        except Exception as error:  # torch has no name for what it raises on a damaged file
            LOG.info(
                "%s: the checkpoint %s is damaged (%s) and is ignored", label, self.checkpoint, type(error).__name__
            )
            return None
        if found != self.identity:
            LOG.info("%s: a checkpoint of other settings, code or pictures is ignored", label)
            return None
        return saved
