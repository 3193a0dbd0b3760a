"""Weights of networks in safetensors files: save a trained network, load it, begin from pretrained weights."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from safetensors.torch import save as serialize
from torch import nn

from brushprint.core.atomic import replacing
from brushprint.core.errors import UserError
from brushprint.models.head import head_name
from brushprint.models.model import Model, build_model


def save_model(path: str | Path, state: Mapping[str, torch.Tensor], about: Mapping[str, Any]) -> None:
    """Write weights and the facts about their network to a safetensors file.

    `about` is that of `brushprint.models.model.Model`; further keys may be added to it.
    """
    # One metadata entry: safetensors writes several in an order that differs from run to run.
    metadata = {"brushprint": json.dumps(about, sort_keys=True)}
    with replacing(path) as part:
        part.write_bytes(serialize({name: tensor.contiguous() for name, tensor in state.items()}, metadata))


def load_model(path: str | Path) -> Model:
    """The trained network of a safetensors file, on the CPU and in evaluation mode."""
    with safe_open(path, framework="pt") as file:
        about = json.loads(file.metadata()["brushprint"])
    model = build_model(about)
    restore(model.network, load_file(path))
    return model


def load_weights(network: nn.Module, file: str | Path, architecture: str) -> None:
    """Begin from the weights of a safetensors file, except for the head, which keeps its own.

    Raises `UserError` when the weights are not those of the architecture.
    """
    weights, head = load_file(file), head_name(network)
    own = {name: value for name, value in network.state_dict().items() if not name.startswith(f"{head}.")}
    for name, value in own.items():
        if name in weights and weights[name].shape != value.shape:
            shapes = f"{name} has the shape {list(weights[name].shape)}, not {list(value.shape)}"
            raise UserError(f"pretrained: the weights are not those of {architecture}: {shapes}")
    # Older files lack counters of batches; auxiliary classifiers and the old head are not used.
    missing = [name for name in own if name not in weights and not name.endswith("num_batches_tracked")]
    unused = (head.split(".")[0], "aux")
    unknown = [name for name in weights if name not in own and not name.lower().startswith(unused)]
    for name, problem in [*((name, "is missing") for name in missing), *((name, "is none of its") for name in unknown)]:
        raise UserError(f"pretrained: the weights are not those of {architecture}: {name} {problem}")
    restore(network, network.state_dict() | {name: weights[name] for name in own if name in weights})


def restore(network: nn.Module, state: Mapping[str, torch.Tensor]) -> None:
    """Give a network all its weights from a plain mapping; raises `KeyError` for a missing or unknown name.

    `load_state_dict` alone needs the versions of some modules, which only a network's own state dict keeps.
    """
    own = network.state_dict()
    if own.keys() != state.keys():
        raise KeyError(f"not the weights of this network: {sorted(own.keys() ^ state.keys())[0]}")
    own.update(state)
    network.load_state_dict(own)
