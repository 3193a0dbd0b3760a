"""Pretrained weights: from the hub of their library, an installed package, or a file that the settings name."""

import importlib
import pickle
from pathlib import Path
from types import ModuleType

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from brushprint.core.digest import sha256
from brushprint.core.errors import UserError
from brushprint.models import dinov2
from brushprint.models.architectures import registry


def fetch(architecture: str) -> dict[str, torch.Tensor]:
    """Fetch the weights that an architecture's library publishes.

    Raises `UserError` if they cannot be fetched. The message explains how to name a file instead.
    """
    model = architecture.rpartition("/")[2]
    try:
        return _module(architecture).pretrained(model)
    except (OSError, RuntimeError) as error:
        raise UserError(
            f"the weights of {architecture} cannot be downloaded ({' '.join(str(error).split())}); without network, "
            f"copy them from another machine and set pretrained.files: {{{architecture}: {{path: …, sha256: …}}}}; "
            "or set pretrained.source: none to start from random weights"
        ) from error


def installed(architecture: str) -> dict[str, torch.Tensor]:
    """Read the weights that a package of this environment holds, with the names that the library gives them.

    The file lists the weights in the order of the library's own, under other names. Raises `UserError` if the file is
    missing, is not the known one, or does not fit.
    """
    of = registry.INSTALLED[architecture]
    if of.file is None:
        raise UserError(f"pretrained.source: the package {of.package} is not installed; run `{of.command}`")
    _check(of.file, of.sha256)
    held = dinov2.from_onnx(of.file) if of.file.suffix == ".onnx" else _load(of.file)
    state = {name: value for name, value in held.items() if not _counts(name)}
    own = _module(architecture).named(architecture.rpartition("/")[2])
    weights = {name: value for name, value in own.items() if not _counts(name)}
    if [value.shape for value in state.values()] != [value.shape for value in weights.values()]:
        raise UserError(f"pretrained.source: {of.file} does not hold the weights of {architecture}")
    return own | dict(zip(weights, state.values(), strict=True))


def _counts(name: str) -> bool:
    """Whether a weight is the batch counter of a batch norm."""
    return name.endswith("num_batches_tracked")


def renamed(state: dict[str, torch.Tensor], architecture: str) -> dict[str, torch.Tensor]:
    """Rename the weights of a library to match the network that this package builds."""
    library, _, model = architecture.rpartition("/")
    return _module(architecture).renamed(state, model) if library else state


def _module(architecture: str) -> ModuleType:
    return importlib.import_module(registry.module_name(architecture))


def read(file: Path, digest: str) -> dict[str, torch.Tensor]:
    """Read weights from a safetensors file or from a state dict saved by torch, without executing code from the file.

    Raises `UserError` if the file is missing, if its sha256 differs from `digest`, or if it does not contain weights.
    """
    _check(file, digest)
    return _load(file)


def _check(file: Path, digest: str) -> None:
    if not file.exists():
        raise UserError(f"pretrained.files: {file} does not exist")
    if (actual := sha256(file)) != digest:
        raise UserError(f"pretrained.files: {file} has the SHA-256 {actual}, not {digest}; one of them is wrong")


def _load(file: Path) -> dict[str, torch.Tensor]:
    try:
        state = load_file(file) if file.suffix == ".safetensors" else torch.load(file, "cpu", weights_only=True)
        if not all(isinstance(value, torch.Tensor) for value in state.values()):
            raise TypeError("not every value is a tensor")
    except (AttributeError, EOFError, RuntimeError, SafetensorError, TypeError, pickle.UnpicklingError) as error:
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        raise UserError(f"pretrained.files: {file} has no named weights ({reason})") from error
    return state
