"""Build a network from the name of its architecture."""

import importlib
from functools import partial

import torch
from torch import nn

from brushprint.core.errors import UserError
from brushprint.models.architectures import registry
from brushprint.models.head import Head
from brushprint.models.layers import find_maps


def build(
    architecture: str, classes: int, image_size: int, *, dropout: float = 0.0, one_logit: bool = False
) -> nn.Module:
    """Build a network with random weights from torch's global generator, in channels-last memory format.

    The network maps float32 [batch, 3, image_size, image_size] to float32 logits [batch, classes]. `dropout` and
    `one_logit` are passed to its `brushprint.models.head.Head`. Raises `UserError` if the network cannot take pictures
    of `image_size` pixels.
    """
    least = registry.minimum_size(architecture)
    if image_size < least:
        raise _size_error(architecture, image_size, f"at least {least}")
    module = importlib.import_module(registry.module_name(architecture))
    head = partial(Head, classes=classes, dropout=dropout, one_logit=one_logit)
    library, _, model = architecture.rpartition("/")
    if not library:
        return module.build(image_size, head).to(memory_format=torch.channels_last)
    try:
        network = module.build(image_size, head, model).to(memory_format=torch.channels_last)
        # This runs a forward pass, because some library models refuse an image size only then.
        find_maps(network, image_size)
    except (AssertionError, RuntimeError, ValueError) as error:
        raise _size_error(architecture, image_size, f"what it takes ({' '.join(str(error).split())[:200]})") from error
    return network


def _size_error(architecture: str, image_size: int, fit: str) -> UserError:
    return UserError(
        f"{architecture} cannot take pictures of {image_size} pixels: "
        f"set image_size of its recipe and budget.max_image_size to {fit}"
    )
