"""The state of a training after each epoch, from which a run that was cut resumes."""

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
    """Mean cross-entropy in nats and accuracy from 0 to 1, of an epoch."""

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
    """What a checkpoint holds; everything but `network` is an attribute of `TrainingState`."""

    identity: str
    network: dict[str, torch.Tensor]
    history: list[Epoch]
    best: dict[str, torch.Tensor]
    optimizer: dict[str, Any] | None


class TrainingState:
    """How far a training has come: in memory and, after each epoch, in a file that the first process writes."""

    def __init__(self, fabric: Fabric, network: nn.Module, checkpoint: Path, identity: Any) -> None:
        """Begin before the first epoch; `identity` is everything that decides the result, as JSON."""
        self.fabric, self.network, self.checkpoint = fabric, network, checkpoint
        self.identity = hashlib.sha256(json.dumps(identity).encode()).hexdigest()
        self.history: list[Epoch] = []
        # The weights of the epoch with the lowest validation loss.
        self.best: dict[str, torch.Tensor] = {}
        # Of the phase of the last epoch; None before the first epoch of a phase.
        self.optimizer: dict[str, Any] | None = None

    def epochs(self, phase: int) -> list[Epoch]:
        """The finished epochs of a phase."""
        return [epoch for epoch in self.history if epoch["phase"] == phase]

    def begin(self, phase: int) -> None:
        """Go on with a phase; a new one after the first begins from the best weights, without an optimiser's state."""
        if self.history and not self.epochs(phase):
            restore(self.network, self.best)
            self.optimizer = None

    def add(self, epoch: Epoch, optimizer: torch.optim.Optimizer) -> None:
        """Record an epoch and write the checkpoint; every process must call this method."""
        weights = self.network.state_dict()
        if epoch["validation_loss"] < min((other["validation_loss"] for other in self.history), default=math.inf):
            # The checkpoint refers to these tensors twice, and torch writes each once.
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
        """Go on from the checkpoint, if there is one of the same identity; every process must call this method.

        A damaged checkpoint, and one of another identity, is ignored with a line in the log.
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
        except Exception as error:  # torch names no class for what it raises on a damaged file
            LOG.info(
                "%s: the checkpoint %s is damaged (%s) and is ignored", label, self.checkpoint, type(error).__name__
            )
            return None
        if identity != self.identity:
            LOG.info("%s: a checkpoint of other settings, code or pictures is ignored", label)
            return None
        return saved
