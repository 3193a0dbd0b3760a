"""Train a network in one loop.

An interrupted training resumes after its last finished epoch. On CPUs, the result has the same bytes every time.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import torch
from lightning_fabric import Fabric
from torch import nn
from torch.nn.functional import cross_entropy
from torch.optim.lr_scheduler import LambdaLR
from tqdm import tqdm

from brushprint.core.errors import UserError
from brushprint.core.job_log import progress
from brushprint.models import sync_batch_norm
from brushprint.models.build import build
from brushprint.models.fabric import setup_fabric
from brushprint.models.files import load_weights
from brushprint.models.head import head_name
from brushprint.models.inputs import as_input
from brushprint.models.layers import check_layers
from brushprint.models.processes import ALONE, Processes
from brushprint.models.recipe import ONE_LOGIT, Phase, Recipe
from brushprint.training.augmentation import augmenter
from brushprint.training.checkpoint import Epoch, Scores, TrainingState
from brushprint.training.data import Data
from brushprint.training.frozen import freeze, head_alone, head_features, set_training_mode

FORMATS = {"channels_last": torch.channels_last, "contiguous": torch.contiguous_format}

# The difference between the seeds of two processes. It exceeds the number of epochs, so that no two processes or epochs
# draw the same random numbers.
SEED_STEP = 1_000_000


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
    """Train a network according to a recipe and choose the epoch with the lowest validation loss.

    Parameters
    ----------
    recipe : how to train
    data, validation : training pictures, and validation pictures, which decide the best epoch and early stopping
    classes : class names, in the order of the network's outputs
    seed : seed of the initial weights, the order of the pictures and every random layer
    device : an accelerator of Lightning Fabric
    weights : file of initial weights, see `brushprint.models.files.load_weights`; None for random weights
    checkpoint : file that stores the state after each epoch; an interrupted training resumes from it
    identity : everything that decides the result, in a form that JSON can encode; a checkpoint with another identity
        is ignored
    label : name of the progress lines
    processes : the processes that train together, each on its part of every batch; see
        `brushprint.models.processes.run`

    Returns
    -------
    The weights of the best epoch, and the history. The history has a row for each epoch with the columns `phase` (from
    1), `epoch` (from 1, counted over all phases), `learning_rate`, `train_loss`, `train_accuracy`, `validation_loss`,
    `validation_accuracy` and `best`. Losses are mean cross-entropies in nats, weighted if the recipe weights classes.
    Training losses and accuracies are averages over the epoch, during which the network changes.

    Each phase after the first starts from the best weights so far, with a new optimiser. Raises `UserError` if the
    training pictures do not include two classes, if there are no validation pictures, if a layer does not exist, if
    pretrained weights do not match, or if the loss is no longer finite.
    """
    _check_data(data, validation, classes, label)
    fabric = setup_fabric(device, recipe.precision, processes)
    torch.manual_seed(seed)
    network = _initial_network(recipe, len(classes), weights, processes)
    network.to(fabric.device).to(memory_format=FORMATS[recipe.memory_format])
    state = TrainingState(fabric, network, checkpoint, identity)
    state.resume(label)
    balance = _class_weights(data.targets, len(classes)) if recipe.class_weights else None
    loss = partial(cross_entropy, weight=None if balance is None else fabric.to_device(balance))

    with progress(sum(phase.epochs for phase in recipe.phases()) * len(data), label) as bar:
        bar.update(len(state.history) * len(data))
        for number, phase in enumerate(recipe.phases(), start=1):
            if any(epoch["phase"] > number for epoch in state.history):
                continue
            state.begin(number)
            freeze(network, phase.trainable_layers)
            learner = _learner(fabric, processes, network, recipe, phase, data=data, validation=validation)
            optimizer = _optimizer(network, recipe, phase.learning_rate)
            if state.optimizer:
                optimizer.load_state_dict(state.optimizer)
            # In epoch n of the phase, counted from 0, the learning rate is learning_rate * lr_decay ** n.
            schedule = LambdaLR(optimizer, lambda n: recipe.lr_decay**n, last_epoch=len(state.epochs(number)) - 1)
            stepper = cast(torch.optim.Optimizer, fabric.setup_optimizers(optimizer))
            while len(epochs := state.epochs(number)) < phase.epochs and not _stalled(epochs, recipe.patience):
                epoch, rate = len(state.history) + 1, float(schedule.get_last_lr()[0])
                torch.manual_seed(seed + epoch + SEED_STEP * processes.rank)
                order = np.random.default_rng([seed, epoch]).permutation(len(data))
                scores = _run_epoch(learner, stepper, loss, order, bar)
                if not math.isfinite(scores["train_loss"] + scores["validation_loss"]):
                    raise UserError(
                        f"{label}: the loss is not finite in epoch {epoch}; lower learning_rate of the recipe"
                    )
                state.add(Epoch(phase=number, epoch=epoch, learning_rate=rate, **scores), optimizer)
                schedule.step()
                bar.set_postfix(epoch=epoch, validation_loss=f"{scores['validation_loss']:.3f}", refresh=False)
    history = pd.DataFrame(state.history)
    history["best"] = history.index == history["validation_loss"].idxmin()
    return state.best, history


def _check_data(data: Data, validation: Data, classes: list[str], label: str) -> None:
    for part, purpose in ((data, "training"), (validation, "validation")):
        if not len(part):
            raise UserError(f"{label}: no {purpose} picture has a class; set another task or split")
    if len(np.unique(data.targets)) < 2:
        only = classes[data.targets[0]]
        raise UserError(f"{label}: all training pictures are {only!r}; correct collection.labels to give two classes")


def _initial_network(recipe: Recipe, classes: int, weights: Path | None, processes: Processes) -> nn.Module:
    """Build the network with its initial weights, on the CPU; random weights come from torch's global generator."""
    one_logit = recipe.loss == ONE_LOGIT
    network = build(recipe.architecture, classes, recipe.image_size, dropout=recipe.dropout, one_logit=one_logit)
    if weights:
        load_weights(network, weights, recipe.architecture)
    for phase in recipe.phases():
        check_layers(network, phase.trainable_layers)
    if processes.count > 1:
        sync_batch_norm.share(network)
    return network


def _class_weights(targets: np.ndarray, classes: int) -> torch.Tensor:
    """Return weights inversely proportional to class frequency (King and Zeng, 2001); their mean over pictures is 1."""
    counts = np.bincount(targets, minlength=classes)
    return torch.from_numpy(len(targets) / (classes * np.maximum(counts, 1))).float()


def _optimizer(network: nn.Module, recipe: Recipe, learning_rate: float) -> torch.optim.Optimizer:
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(
            parameters,
            learning_rate,
            momentum=recipe.momentum,
            nesterov=recipe.momentum > 0,
            weight_decay=recipe.weight_decay,
            fused=True,
        )
    return torch.optim.Adam(parameters, learning_rate, weight_decay=recipe.weight_decay, fused=True)


def _stalled(epochs: list[Epoch], patience: int | None) -> bool:
    if patience is None or not epochs:
        return False
    losses = [epoch["validation_loss"] for epoch in epochs]
    return len(losses) - 1 - losses.index(min(losses)) >= patience


@dataclass(frozen=True)
class _Learner:
    """The module that a phase trains, the rows of data for it, and the functions that turn rows into its inputs.

    The rows are pictures if `module` is the whole network, or features if it is the head; see `_learner`.
    """

    fabric: Fabric
    processes: Processes
    network: nn.Module
    trainable_layers: list[str] | None
    module: nn.Module
    data: Data
    validation: Data
    batch_size: int
    as_input: Callable[[torch.Tensor], torch.Tensor]
    augment: Callable[[torch.Tensor], torch.Tensor] | None

    def inputs(self, rows: torch.Tensor) -> torch.Tensor:
        """Turn rows of data into inputs of the module, on its device."""
        return self.as_input(self.fabric.to_device(rows))

    def training_batches(self, order: np.ndarray) -> Iterator[tuple[torch.Tensor, torch.Tensor, int]]:
        """Yield inputs and targets of this process for each batch, and the size of the batch over all processes."""
        left = len(order)
        for rows, targets in self.data.batches(self.batch_size, order, self.processes):
            augmented = self.augment(rows) if self.augment and len(rows) else rows
            count = min(self.batch_size, left)
            left -= count
            yield self.inputs(augmented), self.fabric.to_device(targets), count

    def validation_batches(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield inputs and targets of this process for each batch."""
        for rows, targets in self.validation.batches(self.batch_size, None, self.processes):
            yield self.inputs(rows), self.fabric.to_device(targets)

    def summed(self, values: torch.Tensor) -> torch.Tensor:
        """Return the sum of `values` over all processes, on the CPU; every process must call this method."""
        if self.processes.count == 1:
            return values
        total = self.fabric.all_reduce(self.fabric.to_device(values), reduce_op="sum")
        return cast(torch.Tensor, total).cpu()


def _learner(
    fabric: Fabric,
    processes: Processes,
    network: nn.Module,
    recipe: Recipe,
    phase: Phase,
    *,
    data: Data,
    validation: Data,
) -> _Learner:
    """Set up the training of the whole network on pictures, or of its head on features that are computed only once.

    The head is trained on features if `head_alone` allows it.
    """

    def scaled(pictures: torch.Tensor) -> torch.Tensor:
        return as_input(pictures, recipe.scaling).contiguous(memory_format=FORMATS[recipe.memory_format])

    learner = _Learner(
        fabric=fabric,
        processes=processes,
        network=network,
        trainable_layers=phase.trainable_layers,
        module=fabric.setup_module(network),
        data=data,
        validation=validation,
        batch_size=recipe.batch_size,
        as_input=scaled,
        augment=augmenter(recipe.augmentation, recipe.image_size),
    )
    if not head_alone(network, phase, recipe):
        if recipe.compile:
            # Compile in place, so that the weights keep their names.
            network.compile()
        return learner

    def features(part: Data) -> Data:
        own = head_features(
            network,
            part,
            forward=lambda pictures: learner.module(learner.inputs(pictures)),
            batch_size=recipe.batch_size,
            processes=processes,
        )
        return Data(learner.summed(own).numpy(), np.arange(len(part)), part.targets)

    return replace(
        learner,
        data=features(data),
        validation=features(validation),
        module=fabric.setup_module(network.get_submodule(head_name(network))),
        as_input=nn.Identity(),
        augment=None,
    )


def _run_epoch(
    learner: _Learner, optimizer: torch.optim.Optimizer, loss: Callable[..., torch.Tensor], order: np.ndarray, bar: tqdm
) -> Scores:
    """Train on every picture once, then validate."""
    set_training_mode(learner.network, learner.trainable_layers)
    train_loss, train_accuracy = _train_epoch(learner, optimizer, loss, order, bar)
    learner.network.eval()
    batches = learner.validation_batches()
    validation_loss, validation_accuracy = evaluate(learner.module, loss, batches, learner.summed)
    return Scores(
        train_loss=train_loss,
        train_accuracy=train_accuracy,
        validation_loss=validation_loss,
        validation_accuracy=validation_accuracy,
    )


def _train_epoch(
    learner: _Learner, optimizer: torch.optim.Optimizer, loss: Callable[..., torch.Tensor], order: np.ndarray, bar: tqdm
) -> tuple[float, float]:
    """Train on every picture once, and return the mean loss and the accuracy."""
    totals = torch.zeros(3, dtype=torch.float64)
    for inputs, targets, count in learner.training_batches(order):
        # Fabric averages the gradients over all processes. Divided by this share of the batch, the summed losses give
        # the gradient of the mean loss over the whole batch.
        share = count / learner.processes.count
        logits = learner.module(inputs)
        value = loss(logits, targets, reduction="sum") / share
        optimizer.zero_grad()
        learner.fabric.backward(value)
        optimizer.step()
        totals += _totals(value.detach() * share, logits, targets)
        bar.update(count)
    return _means(learner.summed(totals))


@torch.no_grad()
def evaluate(
    module: nn.Module,
    loss: Callable[..., torch.Tensor],
    batches: Iterable[tuple[torch.Tensor, torch.Tensor]],
    summed: Callable[[torch.Tensor], torch.Tensor] = lambda totals: totals,
) -> tuple[float, float]:
    """Return mean loss and accuracy over batches of inputs and targets; `summed` adds the totals of other processes."""
    totals = torch.zeros(3, dtype=torch.float64)
    for inputs, targets in batches:
        logits = module(inputs)
        totals += _totals(loss(logits, targets, reduction="sum"), logits, targets)
    return _means(summed(totals))


def _totals(loss: torch.Tensor, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the summed loss, the number of correct predictions and the number of pictures of a batch: float64 [3]."""
    hits = (logits.argmax(1) == targets).sum()
    return torch.tensor([loss.item(), hits.item(), len(targets)], dtype=torch.float64)


def _means(totals: torch.Tensor) -> tuple[float, float]:
    return (totals[0] / totals[2]).item(), (totals[1] / totals[2]).item()
