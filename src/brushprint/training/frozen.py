"""Freeze layers. If only the head is trained, compute the features that it takes once for each picture."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from brushprint.models.head import Head, head_name
from brushprint.models.layers import recorded
from brushprint.models.processes import Processes
from brushprint.models.recipe import Phase, Recipe
from brushprint.training.augmentation import augmenter
from brushprint.training.data import Data


def freeze(network: nn.Module, trainable_layers: list[str] | None) -> None:
    """Make the parameters of the named layers trainable and freeze all others; None makes all trainable."""
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(_within(name, trainable_layers))


def set_training_mode(network: nn.Module, trainable_layers: list[str] | None) -> None:
    """Set the named layers to training mode. Frozen layers neither drop features nor update batch statistics."""
    for name, module in network.named_modules():
        module.training = _within(name, trainable_layers)


def _within(name: str, trainable_layers: list[str] | None) -> bool:
    return trainable_layers is None or any(f"{name}.".startswith(f"{layer}.") for layer in trainable_layers)


def head_alone(network: nn.Module, phase: Phase, recipe: Recipe) -> bool:
    """Return whether a phase trains only the head, on features that are the same for a picture in every epoch."""
    return phase.trainable_layers == [head_name(network)] and augmenter(recipe.augmentation, recipe.image_size) is None


@torch.no_grad()
def head_features(
    network: nn.Module,
    data: Data,
    *,
    forward: Callable[[torch.Tensor], object],
    batch_size: int,
    processes: Processes,
) -> torch.Tensor:
    """Compute the inputs of the head for each picture: float32 [pictures, features], on the CPU.

    `forward` runs uint8 pictures through the network, which this function sets to evaluation mode. The rows of pictures
    that other processes compute are zero.
    """
    network.eval()
    head = head_name(network)
    module = network.get_submodule(head)
    assert isinstance(module, Head)
    features = torch.zeros((len(data), module.features))
    start = 0
    with recorded(network, f"{head}.penultimate") as outputs:
        for pictures, _ in data.batches(batch_size, None, processes):
            forward(pictures)
            batch = np.arange(start, min(start + batch_size, len(data)))
            features[processes.part(batch)] = outputs[f"{head}.penultimate"].float().cpu()
            start += len(batch)
    return features
