"""Networks: built by the name of their architecture, kept in safetensors files that say what they are."""

import ctypes
import importlib
import json
import logging
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from safetensors.torch import save as serialize
from torch import nn

from brushprint.core.atomic import replacing
from brushprint.core.errors import UserError, nearest
from brushprint.models import sync_batch_norm
from brushprint.models.architectures import registry
from brushprint.models.devices import claim_gpus
from brushprint.models.head import Head, find
from brushprint.models.recipe import ONE_LOGIT, Recipe

if TYPE_CHECKING:
    from lightning_fabric import Fabric

# The mean and the standard deviation of each channel over ImageNet, as torchvision states them.
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))

# A heatmap of fewer rows and columns says nothing of where.
FINEST_MAPS = 4


class Layers(NamedTuple):
    """Names of modules: whose maps Grad-CAM weighs, that pools last, whose output feeds the classifier."""

    gradcam: str
    pool: str
    penultimate: str


@dataclass(frozen=True)
class Model:
    """A trained network, on the CPU and in evaluation mode, and what was said about it to `save`."""

    network: nn.Module
    about: dict[str, Any]

    @property
    def classes(self) -> list[str]:
        """The names of the classes, in the order of the logits."""
        return self.about["classes"]

    @cached_property
    def layers(self) -> Layers:
        """The layers that analyses look at."""
        return layers(self.network, self.about["architecture"], self.about["image_size"])

    def inputs(self, pictures: torch.Tensor) -> torch.Tensor:
        """See `as_input`."""
        return as_input(pictures, self.about["scaling"])

    def autocast(self, device: torch.device) -> torch.autocast:
        """A context in which the network computes in bfloat16, if it learned so; else as exactly as it can."""
        return torch.autocast(device.type, torch.bfloat16, enabled=self.about["precision"] == "bf16-mixed")


def build(
    architecture: str, classes: int, image_size: int, *, dropout: float = 0.0, one_logit: bool = False
) -> nn.Module:
    """A network with fresh weights from torch's global generator, in channels-last memory format.

    `dropout` and `one_logit` are those of its `brushprint.models.head.Head`. Raises `UserError` when the network cannot
    take pictures of `image_size` pixels.
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
        _maps(network, image_size)
    except (AssertionError, RuntimeError, ValueError) as error:
        raise _size_error(architecture, image_size, f"what it takes ({' '.join(str(error).split())[:200]})") from error
    return network


def _size_error(architecture: str, image_size: int, fit: str) -> UserError:
    return UserError(
        f"{architecture} cannot take pictures of {image_size} pixels: "
        f"set image_size of its recipe and budget.max_image_size to {fit}"
    )


def layers(network: nn.Module, architecture: str, image_size: int) -> Layers:
    """The layers of a network that analyses look at.

    Of a library's model Grad-CAM weighs the deepest maps that have at least `FINEST_MAPS` rows (or the most there are),
    and what feeds the classifier is also what was pooled last.
    """
    penultimate = f"{find(network)}.penultimate"
    if "/" not in architecture:
        module = importlib.import_module(registry.module_name(architecture))
        return Layers(module.GRADCAM, module.POOL, penultimate)
    maps = _maps(network, image_size)
    side = min(FINEST_MAPS, max(maps.values()))
    return Layers([name for name, rows in maps.items() if rows >= side][-1], penultimate, penultimate)


def _maps(network: nn.Module, image_size: int, within: bool = False) -> dict[str, int]:
    """The modules whose outputs are square maps [batch, channels, side, side], and that side, in the order of use.

    Those within a block are left out, where there are others: they may be one of several branches. A transformer has
    no others but the maps that it takes its patches from.
    """
    found = {}

    def record(name: str, module: nn.Module, output: Any) -> None:
        maps = isinstance(output, torch.Tensor) and output.dim() == 4 and output.shape[2] == output.shape[3]
        # A pool to a fixed size repeats maps that are smaller.
        if maps and "Pool" not in type(module).__name__:
            found[name] = output.shape[2]

    learning = {name: module.training for name, module in network.named_modules()}
    handles = [
        module.register_forward_hook(lambda module, _, output, name=name: record(name, module, output))
        for name, module in (network.named_modules() if within else _chain(network))
        if name
    ]
    try:
        with torch.no_grad():
            network.eval()(torch.zeros(1, 3, image_size, image_size, device=next(network.parameters()).device))
    finally:
        for handle in handles:
            handle.remove()
        for name, module in network.named_modules():
            module.training = learning[name]
    return found if found or within else _maps(network, image_size, within=True)


def _chain(network: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    """The modules that follow one another, by name: the network's own, and those of each sequence among them."""
    for name, module in network.named_children():
        yield f"{prefix}{name}", module
        if isinstance(module, nn.Sequential | nn.ModuleList):
            yield from _chain(module, f"{prefix}{name}.")


def blocks(network: nn.Module) -> list[str]:
    """The names of the modules that follow one another, from the input to the answer, none within another."""
    names = [name for name, _ in _chain(network)]
    return [name for name in names if not any(other.startswith(f"{name}.") for other in names)]


@contextmanager
def recorded(network: nn.Module, *layers: str) -> Iterator[dict[str, torch.Tensor]]:
    """A dictionary that holds the outputs of the named layers after each forward pass within the block."""
    outputs = {}
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


def load_weights(network: nn.Module, file: str | Path, architecture: str) -> None:
    """Begin from the weights of a safetensors file, all but those of the head, which is our own.

    Raises `UserError` when they are not those of the architecture.
    """
    given, head = load_file(file), find(network)
    own = {name: value for name, value in network.state_dict().items() if not name.startswith(f"{head}.")}
    for name, value in own.items():
        if name in given and given[name].shape != value.shape:
            shapes = f"{name} has the shape {list(given[name].shape)}, not {list(value.shape)}"
            raise UserError(f"pretrained: the weights are not those of {architecture}: {shapes}")
    # Counters of batches are missing in older files; auxiliary classifiers and the old head are left.
    missing = [name for name in own if name not in given and not name.endswith("num_batches_tracked")]
    other = [name for name in given if name not in own and not name.lower().startswith((head.split(".")[0], "aux"))]
    for name, trouble in [*((name, "is missing") for name in missing), *((name, "is none of its") for name in other)]:
        raise UserError(f"pretrained: the weights are not those of {architecture}: {name} {trouble}")
    restore(network, network.state_dict() | {name: given[name] for name in own if name in given})


def restore(network: nn.Module, state: Mapping[str, torch.Tensor]) -> None:
    """Give a network all its weights, from a plain mapping.

    `load_state_dict` alone wants the versions of some modules, which only a state dict of their own keeps.
    """
    own = network.state_dict()
    if own.keys() != state.keys():
        raise KeyError(f"not the weights of this network: {sorted(own.keys() ^ state.keys())[0]}")
    own.update(state)
    network.load_state_dict(own)


def check_layers(network: nn.Module, trainable_layers: list[str] | None) -> None:
    """Raise `UserError` for a module to train that the network does not have."""
    known = [name for name, _ in network.named_modules() if name]
    for name in trainable_layers or []:
        if name not in known:
            raise UserError(f"trainable_layers: no such layer: {name!r}{nearest(name, known)}")


def save(path: str | Path, state: dict[str, torch.Tensor], about: dict[str, Any]) -> None:
    """Write weights and what they are to a safetensors file.

    `about` holds at least `classes` (list of names) and the recipe's `architecture`, `image_size`, `scaling`,
    `dropout`, `loss` and `precision`.
    """
    # One metadata entry: safetensors writes several in an order that differs from run to run.
    metadata = {"brushprint": json.dumps(about, sort_keys=True)}
    with replacing(path) as part:
        part.write_bytes(serialize({name: tensor.contiguous() for name, tensor in state.items()}, metadata))


def load(path: str | Path) -> Model:
    """The trained network of a safetensors file."""
    with safe_open(path, framework="pt") as file:
        about = json.loads(file.metadata()["brushprint"])
    model = _fresh(about)
    restore(model.network, load_file(path))
    return model


def random_like(model: Model, seed: int) -> Model:
    """A model that is built in the same way, with random weights."""
    torch.manual_seed(seed)
    return _fresh(model.about)


def copy_of(model: Model) -> Model:
    """A model with the same weights, which can be changed without changing these."""
    return Model(deepcopy(model.network), model.about)


def _fresh(about: Mapping[str, Any]) -> Model:
    network = build(
        about["architecture"],
        len(about["classes"]),
        about["image_size"],
        dropout=about["dropout"],
        one_logit=about["loss"] == ONE_LOGIT,
    )
    return Model(network.eval(), dict(about))


def fabric(device: str, precision: str = "32-true", devices: int = 1, nodes: int = 1) -> "Fabric":
    """What trains on a device, in a number format, or one of the processes that do on `devices` of `nodes` machines.

    Several meet here: all have to call this. Raises `UserError` when this machine has none such.
    """
    _keep_memory()
    # They import half of torch besides, 4 s of CPU that only training is worth.
    from lightning_fabric import Fabric  # noqa: PLC0415
    from lightning_fabric.plugins.environments import LightningEnvironment, SLURMEnvironment  # noqa: PLC0415
    from lightning_fabric.strategies import DDPStrategy  # noqa: PLC0415
    from lightning_fabric.utilities.exceptions import MisconfigurationException  # noqa: PLC0415

    several = devices * nodes > 1
    if several:
        logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    elif device != "cpu":
        claim_gpus(1)
    try:
        found = Fabric(
            accelerator=device,
            # What is not learned, the statistics of batches, is the same everywhere without: see batch_norm.
            strategy=DDPStrategy(forward_sync_buffers=False) if several else "auto",
            devices=devices,
            num_nodes=nodes,
            precision=precision,
            plugins=[SLURMEnvironment() if nodes > 1 else LightningEnvironment()],
        )
    except (RuntimeError, ValueError, MisconfigurationException) as error:
        which = f"device: {device}{f', devices: {devices}' if several else ''} and precision: {precision}"
        raise UserError(f"this machine cannot compute with {which}") from error
    if several:
        found.launch()
        # As each job computes; sums of another number of threads differ in their last digits.
        torch.set_num_threads(1)
    return found


def device(name: str) -> torch.device:
    """The device `cpu`, `cuda`, `mps` or, with `auto`, the best; raises `UserError` when this machine has none such."""
    _keep_memory()
    if name != "cpu":
        claim_gpus(1)
    found = torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
    if name in ("auto", found.type):
        return found
    if name == "cpu":
        return torch.device("cpu")
    raise UserError(f"this machine cannot compute with device: {name}")


@cache
def _keep_memory() -> None:
    """Have the C library keep what a batch frees for the next one.

    Given back to the system, memory comes again page by page, each of them cleared, which is a third of the training
    of a small network. No more is kept than was in use at once. The numbers are those of malloc.h, see mallopt(3).
    """
    trim_threshold, mmap_threshold = -1, -3
    with suppress(AttributeError):  # not the GNU library
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(trim_threshold, 2**31 - 1)
        # Older ones refuse more than 32 MB.
        if not mallopt(mmap_threshold, 2**30):
            mallopt(mmap_threshold, 2**25)


def batch(side: int) -> int:
    """How many pictures to take at once where the recipe does not say: memory grows with their pixels."""
    return max(1, 128 * 64**2 // side**2)


def as_input(pictures: torch.Tensor, scaling: str = "unit") -> torch.Tensor:
    """Turn uint8 pictures [batch, height, width, 3] into float32 [batch, 3, height, width].

    In [0, 1] for the scaling `unit`; `imagenet` takes off the mean and divides by the standard deviation that
    torchvision's weights were trained with.
    """
    inputs = pictures.permute(0, 3, 1, 2).float().div_(255)
    if scaling == "imagenet":
        mean, deviation = (torch.tensor(row, device=inputs.device)[:, None, None] for row in IMAGENET)
        inputs.sub_(mean).div_(deviation)
    return inputs


def _outline(architecture: str, image_size: int) -> nn.Module:
    """A network of two classes, without weights where torch can do without: to draw them takes seconds."""
    with suppress(UserError), torch.device("meta"):
        return build(architecture, 2, image_size)
    return build(architecture, 2, image_size)


def _mistakes(recipes: Mapping[str, Mapping[str, Any]], processes: int) -> Iterator[str]:
    """What keeps the networks of recipes, by variant, from being built or trained by so many processes."""
    for variant, values in recipes.items():
        recipe = Recipe(**values)
        try:
            network = _outline(recipe.architecture, recipe.image_size)
            for phase in recipe.phases():
                check_layers(network, phase.trainable_layers)
            if processes > 1:
                sync_batch_norm.share(network)
            if recipe.compile and not shutil.which(os.environ.get("CXX", "g++")):
                raise UserError("compile: torch.compile needs a C++ compiler, and there is none; set it to false")
        except UserError as error:
            yield f"variants.{variant}: recipe: {error}"


if __name__ == "__main__":
    # In a process of its own, before a run: one that needs no network need not wait for torch.
    sys.exit("\n".join(_mistakes(**json.load(sys.stdin))) or None)
