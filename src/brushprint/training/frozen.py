"""Layers that are not trained: frozen, and computed once for each picture where the head alone is trained."""

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
    """Train the parameters of the named layers and no others; None trains all."""
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(_within(name, trainable_layers))


def set_training_mode(network: nn.Module, trainable_layers: list[str] | None) -> None:
    """Set the named layers to training mode; frozen ones neither drop features nor update statistics of batches."""
    for name, module in network.named_modules():
        module.training = _within(name, trainable_layers)


def _within(name: str, trainable_layers: list[str] | None) -> bool:
    return trainable_layers is None or any(f"{name}.".startswith(f"{layer}.") for layer in trainable_layers)


def head_alone(network: nn.Module, phase: Phase, recipe: Recipe) -> bool:
    """Whether a phase trains the head alone, on features that are the same for a picture in every epoch."""
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
    """The features that the head takes for each picture, float32 [pictures, features], on the CPU.

    `forward` runs uint8 pictures through the network, which is set to evaluation mode. The rows of other processes are
    zero.
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
