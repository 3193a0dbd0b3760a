"""Weights of networks in safetensors files: save a trained network, load it, or start from pretrained weights."""

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
from brushprint.models.encoders import Encoder
from brushprint.models.head import head_name
from brushprint.models.model import Model, build_model


def save_model(path: str | Path, state: Mapping[str, torch.Tensor], about: Mapping[str, Any]) -> None:
    """Write weights and the facts about their network to a safetensors file.

    `about` has the keys described at `brushprint.models.model.Model`, and may have more.
    """
    # All facts are in one metadata entry, because safetensors writes several entries in a different order in each run.
    metadata = {"brushprint": json.dumps(about, sort_keys=True)}
    with replacing(path) as part:
        part.write_bytes(serialize({name: tensor.contiguous() for name, tensor in state.items()}, metadata))


def load_model(path: str | Path) -> Model:
    """Load a trained network from a safetensors file, on the CPU and in evaluation mode."""
    with safe_open(path, framework="pt") as file:
        about = json.loads(file.metadata()["brushprint"])
    model = build_model(about)
    restore(model.network, load_file(path))
    return model


def load_weights(network: nn.Module, file: str | Path, architecture: str) -> None:
    """Load the weights of a safetensors file into a network, except for the head, which keeps its own weights.

    Raises `UserError` if the names or shapes of the weights do not match the architecture.
    """
    weights, head = load_file(file), head_name(network)
    own = {name: value for name, value in network.state_dict().items() if not name.startswith(f"{head}.")}
    matching = _matching(own, weights, architecture)
    # The auxiliary classifiers and the head in the file are unused.
    unused = (head.split(".")[0], "aux")
    for name in weights:
        if name not in own and not name.lower().startswith(unused):
            raise UserError(f"pretrained: these are not weights of {architecture}: {name} is unknown")
    restore(network, network.state_dict() | matching)


def load_encoder(encoder: Encoder, file: str | Path) -> None:
    """Load the weights of a safetensors file into an encoder, which leaves out those of later blocks.

    Raises `UserError` if the file lacks weights of the encoder, or their shapes do not match.
    """
    weights = {name.removeprefix("body."): value for name, value in load_file(file).items()}
    own = encoder.body.model.state_dict()
    restore(encoder.body.model, own | _matching(own, weights, encoder.architecture))


def _matching(
    own: Mapping[str, torch.Tensor], weights: Mapping[str, torch.Tensor], architecture: str
) -> dict[str, torch.Tensor]:
    """Select a network's `own` weights from those of a file. Raises `UserError` if one is missing or does not fit."""
    for name, value in own.items():
        # Older files lack the batch counters of batch norms.
        if name not in weights and not name.endswith("num_batches_tracked"):
            raise UserError(f"pretrained: these are not weights of {architecture}: {name} is missing")
        if name in weights and weights[name].shape != value.shape:
            shapes = f"{name} has the shape {list(weights[name].shape)}, not {list(value.shape)}"
            raise UserError(f"pretrained: these are not weights of {architecture}: {shapes}")
    return {name: weights[name] for name in own if name in weights}


def restore(network: nn.Module, state: Mapping[str, torch.Tensor]) -> None:
    """Set all weights of a network from a plain mapping; raises `KeyError` if a name is missing or unknown.

    `load_state_dict` cannot take the mapping itself, because some modules need their version numbers, which only a
    network's own state dict contains.
    """
    own = network.state_dict()
    if own.keys() != state.keys():
        raise KeyError(f"the weights belong to another network: {sorted(own.keys() ^ state.keys())[0]}")
    own.update(state)
    network.load_state_dict(own)
