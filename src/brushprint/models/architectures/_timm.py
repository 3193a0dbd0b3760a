"""Any classifier of timm (PyTorch Image Models), chosen by its name in timm."""

from collections import OrderedDict
from collections.abc import Callable

import timm
import torch
from torch import nn


def build(image_size: int, head: Callable[[int], nn.Module], model: str) -> nn.Module:
    """Build the timm model without its classifier, as the module `body`, followed by our own head."""
    body = timm.create_model(model, num_classes=0).eval()
    with torch.no_grad():
        features = body(torch.zeros(1, 3, image_size, image_size)).shape[1]
    return nn.Sequential(OrderedDict(body=body, head=head(features))).train()


def pretrained(model: str) -> dict[str, torch.Tensor]:
    """Fetch the model's weights from timm's hub: those of the tag after the dot in `model`, else the default ones."""
    return timm.create_model(model, pretrained=True).state_dict()


def renamed(state: dict[str, torch.Tensor], model: str) -> dict[str, torch.Tensor]:
    """Rename weights of timm to match the modules of `build`, and leave out the classifier's weights."""
    own = timm.create_model(model, num_classes=0).state_dict()
    return {f"body.{name}": value for name, value in state.items() if name in own}
