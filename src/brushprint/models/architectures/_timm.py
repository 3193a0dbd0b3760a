"""Any classifier of timm (PyTorch Image Models), by its name there."""

from collections import OrderedDict
from collections.abc import Callable

import timm
import torch
from torch import nn


def build(image_size: int, head: Callable[[int], nn.Module], model: str) -> nn.Module:
    """The model without its classifier as `body`, and a head of our own."""
    body = timm.create_model(model, num_classes=0).eval()
    with torch.no_grad():
        features = body(torch.zeros(1, 3, image_size, image_size)).shape[1]
    return nn.Sequential(OrderedDict(body=body, head=head(features))).train()


def pretrained(model: str) -> dict[str, torch.Tensor]:
    """The model's weights from timm's hub: its default ones, or those of the tag after the dot."""
    return timm.create_model(model, pretrained=True).state_dict()


def renamed(state: dict[str, torch.Tensor], model: str) -> dict[str, torch.Tensor]:
    """Weights under the names of `build`'s modules, without the classifier."""
    own = timm.create_model(model, num_classes=0).state_dict()
    return {f"body.{name}": value for name, value in state.items() if name in own}
