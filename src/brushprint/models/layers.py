"""The layers of a network by name: those that analyses look at, their outputs, and those that may be trained."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import nn

from brushprint.core.errors import UserError, nearest
from brushprint.models.architectures import registry
from brushprint.models.head import head_name

# A heatmap with fewer rows and columns is too coarse to locate anything.
FINEST_MAPS = 4


class Layers(NamedTuple):
    """Names of the layers whose outputs the analyses use.

    `gradcam` outputs the maps that Grad-CAM weighs, `pool` is the last pooling layer, and the output of `penultimate`
    feeds the classifier.
    """

    gradcam: str
    pool: str
    penultimate: str


def find_layers(network: nn.Module, architecture: str, image_size: int) -> Layers:
    """The layers of a network that analyses look at.

    For a model of a library, Grad-CAM weighs the deepest maps that have at least `FINEST_MAPS` rows, or the largest if
    none has as many. What feeds the classifier is then also the last pooled output.
    """
    penultimate = f"{head_name(network)}.penultimate"
    if "/" not in architecture:
        module = importlib.import_module(registry.module_name(architecture))
        return Layers(module.GRADCAM, module.POOL, penultimate)
    maps = find_maps(network, image_size)
    side = min(FINEST_MAPS, max(maps.values()))
    return Layers([name for name, rows in maps.items() if rows >= side][-1], penultimate, penultimate)


def find_maps(network: nn.Module, image_size: int) -> dict[str, int]:
    """The modules that output square maps [batch, channels, side, side], in the order of use, with that side.

    Modules inside a block are left out, because they may be one of several branches. If no others output maps, they
    are listed: a transformer's only maps are those that it takes its patches from.
    """
    return _maps(network, image_size, dict(_sequence(network))) or _maps(
        network, image_size, dict(network.named_modules())
    )


def _maps(network: nn.Module, image_size: int, modules: dict[str, nn.Module]) -> dict[str, int]:
    """The modules among `modules` whose outputs in one forward pass are square maps."""
    sides: dict[str, int] = {}

    def record(name: str, module: nn.Module, output: Any) -> None:
        square = isinstance(output, torch.Tensor) and output.dim() == 4 and output.shape[2] == output.shape[3]
        # Pooling to a fixed size repeats maps that are smaller.
        if square and "Pool" not in type(module).__name__:
            sides[name] = output.shape[2]

    training = {name: module.training for name, module in network.named_modules()}
    handles = [
        module.register_forward_hook(lambda module, _, output, name=name: record(name, module, output))
        for name, module in modules.items()
        if name
    ]
    try:
        with torch.no_grad():
            network.eval()(torch.zeros(1, 3, image_size, image_size, device=next(network.parameters()).device))
    finally:
        for handle in handles:
            handle.remove()
        for name, module in network.named_modules():
            module.training = training[name]
    return sides


def _sequence(network: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    """The modules that follow one another, by name: the children of the network and of each sequence among them."""
    for name, module in network.named_children():
        yield f"{prefix}{name}", module
        if isinstance(module, nn.Sequential | nn.ModuleList):
            yield from _sequence(module, f"{prefix}{name}.")


def blocks(network: nn.Module) -> list[str]:
    """The names of the modules that follow one another, from input to output, none of them inside another."""
    names = [name for name, _ in _sequence(network)]
    return [name for name in names if not any(other.startswith(f"{name}.") for other in names)]


@contextmanager
def recorded(network: nn.Module, *layers: str) -> Iterator[dict[str, torch.Tensor]]:
    """A dictionary that holds the outputs of the named layers after each forward pass inside the `with` block."""
    outputs: dict[str, torch.Tensor] = {}
    handles = [
        network.get_submodule(name).register_forward_hook(
            lambda _, __, output, name=name: outputs.update({name: output})
        )
        for name in set(layers)
    ]
    try:
        yield outputs
    finally:
        for handle in handles:
            handle.remove()


def check_layers(network: nn.Module, trainable_layers: list[str] | None) -> None:
    """Raise `UserError` for a layer to train that the network does not have."""
    known = [name for name, _ in network.named_modules() if name]
    for name in trainable_layers or []:
        if name not in known:
            raise UserError(f"trainable_layers: no such layer: {name!r}{nearest(name, known)}")
