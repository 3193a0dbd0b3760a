"""A network together with the facts about it that its file stores."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import nn

from brushprint.models.build import build
from brushprint.models.encoders import EncoderNetwork, build_network, encoder_layers
from brushprint.models.inputs import as_input
from brushprint.models.layers import Layers, find_layers
from brushprint.models.recipe import ONE_LOGIT


@dataclass(frozen=True)
class Model:
    """A network in evaluation mode, and the facts about it.

    `about` contains at least `classes` (a list of class names, in the order of the logits) and the settings of the
    recipe; see `brushprint.models.recipe`.
    """

    network: nn.Module
    about: dict[str, Any]

    @property
    def classes(self) -> list[str]:
        """The names of the classes, in the order of the logits."""
        return self.about["classes"]

    @property
    def architecture(self) -> str:
        """The architecture of the network, or of the encoder that the head belongs to."""
        return self.about.get("architecture") or self.about["encoder"]

    @cached_property
    def layers(self) -> Layers:
        """The names of the layers whose outputs the analyses use."""
        if isinstance(self.network, EncoderNetwork):
            return encoder_layers(self.network, self.about["image_size"])
        return find_layers(self.network, self.architecture, self.about["image_size"])

    def inputs(self, pictures: torch.Tensor) -> torch.Tensor:
        """Scale pictures as in training; see `brushprint.models.inputs.as_input`. Features of an encoder stay."""
        return pictures if pictures.dim() == 2 else as_input(pictures, self.about.get("scaling", "unit"))

    def autocast(self, device: torch.device) -> torch.autocast:
        """Return a context for forward passes: bfloat16 if the network was trained in bfloat16, otherwise float32."""
        return torch.autocast(device.type, torch.bfloat16, enabled=self.about.get("precision") == "bf16-mixed")


def build_model(about: Mapping[str, Any]) -> Model:
    """Build a model on the CPU with random weights, drawn from torch's global generator; see `Model` for `about`."""
    if "encoder" in about:
        return Model(build_network(about, len(about["classes"])), dict(about))
    network = build(
        about["architecture"],
        len(about["classes"]),
        about["image_size"],
        dropout=about["dropout"],
        one_logit=about["loss"] == ONE_LOGIT,
    )
    return Model(network.eval(), dict(about))


def random_like(model: Model, seed: int) -> Model:
    """Build a model of the same architecture with random weights; `seed` seeds torch's global generator."""
    torch.manual_seed(seed)
    return build_model(model.about)


def copy_of(model: Model) -> Model:
    """Copy a model and its weights, so that a change of the copy's weights leaves the original unchanged."""
    return Model(deepcopy(model.network), model.about)
