"""Networks: built by the name of their architecture, kept in safetensors files that say what they are."""

import importlib
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from lightning_fabric import Fabric
from safetensors import safe_open
from safetensors.torch import load_file
from safetensors.torch import save as serialize
from torch import nn

from brushprint import architectures
from brushprint.atomic import replacing
from brushprint.errors import UserError


def architecture(name: str) -> ModuleType:
    """The module of an architecture (see `brushprint.architectures`)."""
    return importlib.import_module(architectures.module_name(name))


def build(name: str, classes: int, image_size: int) -> nn.Module:
    """A network with fresh weights from torch's global generator, in channels-last memory format.

    Raises `UserError` when the network cannot take pictures as small as `image_size` pixels.
    """
    module = architecture(name)
    if image_size < module.MINIMUM_SIZE:
        raise UserError(
            f"{name} cannot take pictures of {image_size} pixels: "
            f"set image_size of its recipe and budget.pixels to at least {module.MINIMUM_SIZE}"
        )
    return module.build(classes, image_size).to(memory_format=torch.channels_last)


def save(path: str | Path, state: dict[str, torch.Tensor], about: dict[str, Any]) -> None:
    """Write weights and what they are to a safetensors file.

    `about` holds at least `architecture`, `classes` (list of names) and `image_size`.
    """
    # One metadata entry: safetensors writes several in an order that differs from run to run.
    metadata = {"brushprint": json.dumps(about, sort_keys=True)}
    with replacing(path) as part:
        part.write_bytes(serialize({name: tensor.contiguous() for name, tensor in state.items()}, metadata))


def load(path: str | Path) -> tuple[nn.Module, dict[str, Any]]:
    """The network of a safetensors file, on the CPU and in evaluation mode, and what was said about it to `save`."""
    with safe_open(path, framework="pt") as file:
        about = json.loads(file.metadata()["brushprint"])
    network = build(about["architecture"], len(about["classes"]), about["image_size"])
    network.load_state_dict(load_file(path))
    return network.eval(), about


def fabric(device: str, precision: str = "32-true") -> Fabric:
    """What computes on a device, in a number format; raises `UserError` when this machine has none such."""
    try:
        return Fabric(accelerator=device, devices=1, precision=precision)
    except (RuntimeError, ValueError) as error:
        raise UserError(f"this machine cannot compute with device: {device} and precision: {precision}") from error


def batch(side: int) -> int:
    """How many pictures to take at once where the recipe does not say: memory grows with their pixels."""
    return max(1, 128 * 64**2 // side**2)


def as_input(pictures: torch.Tensor) -> torch.Tensor:
    """Turn uint8 pictures [batch, height, width, 3] into float32 [batch, 3, height, width] in [0, 1]."""
    return pictures.permute(0, 3, 1, 2).float().div_(255)
