"""Frozen encoders: features of pictures from inside a pretrained network, and a linear head on them.

Early and middle blocks of pretrained networks separate AI from human pictures better than the last one.
"""

import importlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
from torch import nn

from brushprint.core.errors import UserError
from brushprint.core.views import crops_across
from brushprint.models.architectures import registry
from brushprint.models.head import Head
from brushprint.models.layers import Layers, deepest, find_maps

Pooling = Literal["mean-std", "class-token"]

# Added to a variance before its root, so that the gradient of a constant map is finite.
_LEAST_VARIANCE = 1e-12


class Encoder(nn.Module):
    """Maps pictures, float32 [batch, 3, side, side] from 0 to 1, to features, float32 [batch, features].

    If the view has several crops, they lie side by side in the picture; each is encoded by itself, and the features are
    averaged. The modules of `maps` output the maps of the blocks, [batch, channels, height, width], unchanged.
    """

    mean: torch.Tensor
    deviation: torch.Tensor
    # The number of features; `build_encoder` sets it.
    features: int

    def __init__(self, architecture: str, *, blocks: Sequence[int | str], pooling: Pooling, view: str) -> None:
        """Build the encoder with random weights.

        Parameters are those of `brushprint.models.recipe.EncoderRecipe`; `view` is its `resize`. Raises `UserError` if
        the architecture has no such blocks, or no class token.
        """
        super().__init__()
        library, _, model = architecture.rpartition("/")
        module = importlib.import_module(registry.module_name(architecture))
        if not library:
            raise UserError(f"encoder: {architecture} has no pretrained weights; name a model of timm or torchvision")
        self.body, mean, deviation = module.encoder(model, blocks, class_token=pooling == "class-token")
        self.register_buffer("mean", torch.tensor(mean)[:, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor(deviation)[:, None, None], persistent=False)
        self.maps = nn.ModuleList(nn.Identity() for _ in blocks)
        self.architecture, self.across = architecture, crops_across(view)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Encode a batch of pictures."""
        outputs = self.body((_apart(pictures, self.across) - self.mean) / self.deviation)
        features = [self._features(whole, output) for whole, output in zip(self.maps, outputs, strict=True)]
        return torch.cat(features, 1).unflatten(0, (-1, self.across**2)).mean(1)

    def _features(self, whole: nn.Module, output: torch.Tensor) -> torch.Tensor:
        """The features of each crop from a block's output; `whole` is given the maps of all crops side by side."""
        if output.dim() == 2:
            return output
        maps = _apart(whole(_together(output, self.across)), self.across)
        # torch.var_mean takes six times as long on the CPU.
        mean = maps.mean((2, 3), keepdim=True)
        variance = (maps - mean).square().mean((2, 3))
        return torch.cat([mean.flatten(1), (variance + _LEAST_VARIANCE).sqrt()], dim=1)


def _apart(pictures: torch.Tensor, across: int) -> torch.Tensor:
    """The crops that lie side by side in pictures or maps, [batch * across², channels, rows, columns]."""
    side = pictures.shape[-1] // across
    crops = pictures.unflatten(3, (across, side)).unflatten(2, (across, side))
    return crops.permute(0, 2, 4, 1, 3, 5).flatten(0, 2)


def _together(crops: torch.Tensor, across: int) -> torch.Tensor:
    """The inverse of `_apart`."""
    rows = crops.unflatten(0, (-1, across, across)).permute(0, 3, 1, 4, 2, 5)
    return rows.flatten(4, 5).flatten(2, 3)


class Standardise(nn.Module):
    """Subtracts a mean from each feature, and divides it by a standard deviation."""

    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, features: int) -> None:
        """Begin with features that stay as they are."""
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("deviation", torch.ones(features))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Standardise features, [batch, features]."""
        return (features - self.mean) / self.deviation


class EncoderNetwork(nn.Module):
    """An encoder and a linear head on its standardised features.

    Maps pictures [batch, 3, side, side], or the features of pictures [batch, features], to logits [batch, classes]. For
    two classes, the logits are (-z / 2, z / 2), where z is the logit of logistic regression for the second class.
    """

    def __init__(self, encoder: Encoder, classes: int) -> None:
        """Put a head with random weights on an encoder."""
        super().__init__()
        self.encoder = encoder
        self.standardise = Standardise(encoder.features)
        self.head = Head(encoder.features, classes=classes, dropout=0, one_logit=classes == 2)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Compute the logits of pictures or of their features."""
        features = self.encoder(inputs) if inputs.dim() == 4 else inputs
        return self.head(self.standardise(features))


def build_encoder(recipe: Mapping[str, Any]) -> Encoder:
    """Build an encoder with random weights, frozen, on the CPU and in evaluation mode.

    `recipe` has the keys of a `brushprint.models.recipe.EncoderRecipe`. Raises `UserError` if the encoder has no such
    blocks, or cannot take pictures of that size.
    """
    architecture, side = recipe["encoder"], recipe["image_size"]
    encoder = Encoder(architecture, blocks=recipe["blocks"], pooling=recipe["pooling"], view=recipe["resize"])
    encoder.eval().requires_grad_(False).to(memory_format=torch.channels_last)
    try:
        with torch.no_grad():
            encoder.features = encoder(torch.zeros(1, 3, side, side)).shape[1]
    except (AssertionError, RuntimeError, ValueError) as error:
        raise UserError(
            f"{architecture} cannot take pictures of {side} pixels: set image_size of its recipe and "
            f"budget.max_image_size to what it takes ({' '.join(str(error).split())[:200]})"
        ) from error
    return encoder


def build_network(recipe: Mapping[str, Any], classes: int) -> EncoderNetwork:
    """Build an encoder and its head with random weights; see `build_encoder`."""
    encoder = build_encoder(recipe)
    return EncoderNetwork(encoder, classes).eval()


def encoder_layers(network: EncoderNetwork, side: int) -> Layers:
    """The layers that the analyses use; see `brushprint.models.layers.find_layers`.

    Grad-CAM weighs the deepest map that the head reads and that has at least `FINEST_MAPS` rows, or else the largest.
    A head that reads no maps but class tokens takes the maps that a model of a library has.
    """
    maps = find_maps(network, side)
    read = {name: rows for name, rows in maps.items() if name.startswith("encoder.maps.")} or maps
    return Layers(deepest(read), "head.penultimate", "head.penultimate")
