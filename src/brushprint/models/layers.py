"""Find the layers of a network by name: the layers that analyses use, their outputs, and the trainable layers."""

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import nn

from brushprint.core.errors import UserError, nearest
from brushprint.models.architectures import registry
from brushprint.models.head import head_name

# The least number of rows and columns of a heatmap: a coarser one cannot locate anything.
FINEST_MAPS = 4


class Layers(NamedTuple):
    """Names of the layers whose outputs the analyses use.

    The layer `gradcam` outputs the feature maps that Grad-CAM weighs, `pool` is the last pooling layer, and
    `penultimate` outputs the features that the classifier takes.
    """

    gradcam: str
    pool: str
    penultimate: str


def find_layers(network: nn.Module, architecture: str, image_size: int) -> Layers:
    """Find the layers of a network whose outputs the analyses use.

    An architecture of this package names its layers. For a model of a library, Grad-CAM weighs the deepest feature maps
    that have at least `FINEST_MAPS` rows; if no maps have as many, it weighs the deepest of the largest maps. `pool` is
    then the same layer as `penultimate`.
    """
    penultimate = f"{head_name(network)}.penultimate"
    if "/" not in architecture:
        module = importlib.import_module(registry.module_name(architecture))
        return Layers(module.GRADCAM, module.POOL, penultimate)
    return Layers(deepest(find_maps(network, image_size)), penultimate, penultimate)


def deepest(maps: Mapping[str, int]) -> str:
    """The name of the last map with at least `FINEST_MAPS` rows; if none has as many, of the last of the largest maps.

    `maps` holds the number of rows of each map, in the order in which the network uses them.
    """
    side = min(FINEST_MAPS, max(maps.values()))
    return [name for name, rows in maps.items() if rows >= side][-1]


def find_maps(network: nn.Module, image_size: int) -> dict[str, int]:
    """Map the name of each module that outputs square feature maps [batch, channels, side, side] to that side.

    The names are in the order in which the network uses the modules. Pooling layers are excluded. Modules inside a
    block are excluded too, because they may belong to one of several branches. If no module outside a block outputs
    maps, the modules inside blocks are included: the only maps of a transformer are those that it cuts into patches.
    """
    return _maps(network, image_size, dict(_sequence(network))) or _maps(
        network, image_size, dict(network.named_modules())
    )


def _maps(network: nn.Module, image_size: int, modules: dict[str, nn.Module]) -> dict[str, int]:
    """Run one forward pass and return those of `modules` that output square feature maps; see `find_maps`."""
    sides: dict[str, int] = {}

    def record(name: str, module: nn.Module, output: Any) -> None:
        square = isinstance(output, torch.Tensor) and output.dim() == 4 and output.shape[2] == output.shape[3]
        # Exclude pooling layers: pooling to a fixed size enlarges smaller maps by repeating their values.
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
    """Yield the modules that run one after another, by name: all children, and the children of each sequence."""
    for name, module in network.named_children():
        yield f"{prefix}{name}", module
        if isinstance(module, nn.Sequential | nn.ModuleList):
            yield from _sequence(module, f"{prefix}{name}.")


def blocks(network: nn.Module) -> list[str]:
    """List the names of the modules that run one after another, from input to output. No module contains another."""
    names = [name for name, _ in _sequence(network)]
    return [name for name in names if not any(other.startswith(f"{name}.") for other in names)]


@contextmanager
def recorded(network: nn.Module, *layers: str) -> Iterator[dict[str, torch.Tensor]]:
    """Provide a dictionary that holds the outputs of the named layers after each forward pass in the `with` block."""
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
    """Raise `UserError` if the network lacks one of the layers in `trainable_layers`."""
    known = [name for name, _ in network.named_modules() if name]
    for name in trainable_layers or []:
        if name not in known:
            raise UserError(f"trainable_layers: no such layer: {name!r}{nearest(name, known)}")
