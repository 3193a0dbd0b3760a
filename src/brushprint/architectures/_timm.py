"""Any classifier of timm (PyTorch Image Models), by its name there."""

from collections.abc import Callable

import timm
import torch
from torch import nn


def build(image_size: int, head: Callable[[int], nn.Module], model: str) -> nn.Module:
    """The model with a head of our own in place of its classifier."""
    network = timm.create_model(model)
    classifier = network.default_cfg["classifier"]
    network.set_submodule(classifier, head(network.get_submodule(classifier).in_features))
    return network


def pretrained(model: str) -> dict[str, torch.Tensor]:
    """The model's default weights from timm's hub."""
    return timm.create_model(model, pretrained=True).state_dict()
