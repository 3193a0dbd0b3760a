"""Any classifier of timm (PyTorch Image Models), chosen by its name in timm, as a network to train or an encoder."""

import inspect
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import timm
import torch
from torch import nn

from brushprint.core.errors import UserError


def build(image_size: int, head: Callable[[int], nn.Module], model: str) -> nn.Module:
    """Build the timm model without its classifier, as the module `body`, followed by our own head."""
    body = timm.create_model(model, num_classes=0).eval()
    with torch.no_grad():
        features = body(torch.zeros(1, 3, image_size, image_size)).shape[1]
    return nn.Sequential(OrderedDict(body=body, head=head(features))).train()


# A value for each colour channel.
Channels = tuple[float, ...]


class _Blocks(nn.Module):
    """The blocks of a timm model up to the last of `blocks`; maps pictures to a list of their outputs."""

    def __init__(self, model: Any, blocks: Sequence[int], *, class_token: bool) -> None:
        super().__init__()
        accepted = inspect.signature(model.forward_intermediates).parameters
        every = {"extra_blocks": True} if "extra_blocks" in accepted else {}
        model.prune_intermediate_layers(list(blocks), prune_norm=True, prune_head=True, **every)
        self.model, self.blocks, self.class_token = model, list(blocks), class_token
        self.options = every | ({"return_prefix_tokens": True} if class_token else {})

    def forward(self, pictures: torch.Tensor) -> list[torch.Tensor]:
        model: Any = self.model
        outputs = model.forward_intermediates(
            pictures, self.blocks, stop_early=True, intermediates_only=True, **self.options
        )
        return [tokens[:, 0] for _, tokens in outputs] if self.class_token else outputs


def encoder(model: str, blocks: Sequence[int], *, class_token: bool) -> tuple[nn.Module, Channels, Channels]:
    """Build the blocks of a timm model, and return them with the mean and standard deviation that it expects.

    The module maps standardised pictures to a list of maps [batch, channels, height, width], or of class tokens
    [batch, channels], one for each of `blocks`.
    """
    try:
        # With this option, transformers take pictures of any size.
        built = timm.create_model(model, num_classes=0, dynamic_img_size=True)
    except TypeError:
        built = timm.create_model(model, num_classes=0)
    if not hasattr(built, "forward_intermediates"):
        raise UserError(f"encoder: timm/{model} gives no outputs of its blocks; name another model")
    if class_token and not getattr(built, "num_prefix_tokens", 0):
        raise UserError(f"encoder: timm/{model} has no class token; set pooling: mean-std")
    expected = timm.data.resolve_model_data_config(built)
    try:
        return _Blocks(built, blocks, class_token=class_token), expected["mean"], expected["std"]
    except (AssertionError, TypeError, ValueError) as error:
        raise UserError(
            f"blocks: timm/{model} has no such blocks: {blocks} ({' '.join(str(error).split())})"
        ) from error


def pretrained(model: str) -> dict[str, torch.Tensor]:
    """Fetch the model's weights from timm's hub: those of the tag after the dot in `model`, else the default ones."""
    return timm.create_model(model, pretrained=True).state_dict()


def named(model: str) -> dict[str, torch.Tensor]:
    """The weights of a model with random values, under timm's names and in timm's order."""
    return timm.create_model(model).state_dict()


def renamed(state: dict[str, torch.Tensor], model: str) -> dict[str, torch.Tensor]:
    """Rename weights of timm to match the modules of `build`, and leave out the classifier's weights."""
    own = timm.create_model(model, num_classes=0).state_dict()
    return {f"body.{name}": value for name, value in state.items() if name in own}
