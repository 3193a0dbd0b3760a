"""Save the state of a training after each epoch, so that an interrupted training can resume."""

import hashlib
import json
import math
from pathlib import Path
from typing import Any, TypedDict

import torch
from lightning_fabric import Fabric
from torch import nn

from brushprint.core.atomic import replacing
from brushprint.core.job_log import LOG
from brushprint.models.files import restore


class Scores(TypedDict):
    """The mean cross-entropies (in nats) and accuracies (from 0 to 1) of one epoch."""

    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float


class Epoch(Scores):
    """A row of the history; see `brushprint.training.loop.train`."""

    phase: int
    epoch: int
    learning_rate: float


class _Saved(TypedDict):
    """The content of a checkpoint. All entries except `network` are attributes of `TrainingState`."""

    identity: str
    network: dict[str, torch.Tensor]
    history: list[Epoch]
    best: dict[str, torch.Tensor]
    optimizer: dict[str, Any] | None


class TrainingState:
    """The state of a training run; after each epoch, the first process writes it to the checkpoint file."""

    def __init__(self, fabric: Fabric, network: nn.Module, checkpoint: Path, identity: Any) -> None:
        """Start before the first epoch. `identity` is everything that decides the result, as JSON-encodable data."""
        self.fabric, self.network, self.checkpoint = fabric, network, checkpoint
        self.identity = hashlib.sha256(json.dumps(identity).encode()).hexdigest()
        self.history: list[Epoch] = []
        # The weights of the epoch with the lowest validation loss.
        self.best: dict[str, torch.Tensor] = {}
        # The optimiser's state in the current phase; None before the first epoch of a phase.
        self.optimizer: dict[str, Any] | None = None

    def epochs(self, phase: int) -> list[Epoch]:
        """Return the finished epochs of a phase."""
        return [epoch for epoch in self.history if epoch["phase"] == phase]

    def begin(self, phase: int) -> None:
        """Start or continue a phase. Starting a later phase restores the best weights and drops the optimiser state."""
        if self.history and not self.epochs(phase):
            restore(self.network, self.best)
            self.optimizer = None

    def add(self, epoch: Epoch, optimizer: torch.optim.Optimizer) -> None:
        """Record an epoch and write the checkpoint; every process must call this method."""
        weights = self.network.state_dict()
        if epoch["validation_loss"] < min((other["validation_loss"] for other in self.history), default=math.inf):
            # The checkpoint contains these tensors twice, and torch writes shared tensors only once.
            weights = self.best = {name: value.detach().cpu().clone() for name, value in weights.items()}
        self.history.append(epoch)
        self.optimizer = optimizer.state_dict()
        if not self.fabric.is_global_zero:
            return
        saved = _Saved(
            network=weights,
            identity=self.identity,
            history=self.history,
            best=self.best,
            optimizer=self.optimizer,
        )
        with replacing(self.checkpoint) as part:
            torch.save(saved, part)

    def resume(self, label: str) -> None:
        """Resume from the checkpoint if there is one with the same identity; every process must call this method.

        A checkpoint that is damaged or has another identity is ignored, and the log reports that.
        """
        saved = self.fabric.broadcast(self._load(label) if self.fabric.is_global_zero else None)
        if saved is None:
            return
        restore(self.network, saved["network"])
        self.history, self.best, self.optimizer = saved["history"], saved["best"], saved["optimizer"]
        LOG.info("%s: resumed after epoch %d", label, len(self.history))

    def _load(self, label: str) -> _Saved | None:
        if not self.checkpoint.exists():
            return None
        try:
            saved: _Saved = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
            identity = saved["identity"]
        except Exception as error:  # torch does not document what it raises for a damaged file
            LOG.info("%s: ignoring the damaged checkpoint %s (%s)", label, self.checkpoint, type(error).__name__)
            return None
        if identity != self.identity:
            LOG.info("%s: ignoring a checkpoint of other settings, code or pictures", label)
            return None
        return saved
