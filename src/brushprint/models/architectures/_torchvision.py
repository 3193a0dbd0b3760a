"""Any classifier of torchvision, chosen by its name in torchvision, as a network to train or an encoder."""

import math
import re
from collections import OrderedDict
from collections.abc import Callable, Sequence

import torch
from torch import nn
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor

from brushprint.core.errors import UserError
from brushprint.models.inputs import IMAGENET

# Leave out the auxiliary classifiers, which are useful only in training, and the initialisation by SciPy, which takes a
# minute. Transform the inputs, because the published weights expect it.
_WITH_AUXILIARIES = {"aux_logits": False, "init_weights": False, "transform_input": True}
_OPTIONS = {"googlenet": _WITH_AUXILIARIES, "inception_v3": _WITH_AUXILIARIES}


def build(image_size: int, head: Callable[[int], nn.Module], model: str) -> nn.Module:
    """Build the torchvision model with our own head in place of its last linear layer."""
    network = models.get_model(model, weights=None, **_OPTIONS.get(model, {}))
    linear = [name for name, module in network.named_modules() if isinstance(module, nn.Linear)]
    if linear:
        name, features = linear[-1], network.get_submodule(linear[-1]).in_features
        around = name.rpartition(".")[0]
        # Our head includes dropout, so it replaces a whole block that has only a dropout and the linear layer.
        alone = [type(module) for module in network.get_submodule(around).children()] == [nn.Dropout, nn.Linear]
        network.set_submodule(around if alone else name, head(features))
    else:
        # SqueezeNet has no linear layer: its classifier is a convolution.
        pooled = OrderedDict(pool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten(), head=head(512))
        network.classifier = nn.Sequential(pooled)
    return network


# A value for each colour channel.
Channels = tuple[float, ...]


class _Blocks(nn.Module):
    """The blocks of a torchvision model up to the last of `blocks`; maps pictures to a list of their outputs."""

    def __init__(self, model: nn.Module, blocks: Sequence[str], *, class_token: bool) -> None:
        super().__init__()
        self.channels_last = isinstance(model, models.SwinTransformer)
        self.model = create_feature_extractor(model, list(blocks))
        self.blocks, self.class_token = list(blocks), class_token

    def forward(self, pictures: torch.Tensor) -> list[torch.Tensor]:
        outputs = self.model(pictures)
        return [self._shaped(outputs[name]) for name in self.blocks]

    def _shaped(self, output: torch.Tensor) -> torch.Tensor:
        """A map as it is; of the tokens of a transformer, [batch, 1 + side², channels], the first, or the others."""
        if output.dim() == 4:
            return output.permute(0, 3, 1, 2) if self.channels_last else output
        if self.class_token:
            return output[:, 0]
        side = math.isqrt(output.shape[1] - 1)
        return output[:, 1:].transpose(1, 2).unflatten(2, (side, side))


def encoder(model: str, blocks: Sequence[str], *, class_token: bool) -> tuple[nn.Module, Channels, Channels]:
    """Build the blocks of a torchvision model, and return them with the mean and standard deviation that it expects.

    The module maps standardised pictures to a list of maps [batch, channels, height, width], or of class tokens
    [batch, channels], one for each of `blocks`.
    """
    built = models.get_model(model, weights=None, **_OPTIONS.get(model, {}))
    if class_token and not hasattr(built, "class_token"):
        raise UserError(f"encoder: torchvision/{model} has no class token; set pooling: mean-std")
    try:
        return _Blocks(built, blocks, class_token=class_token), *IMAGENET
    except ValueError as error:
        raise UserError(f"blocks: torchvision/{model} has no such blocks: {blocks}") from error


def pretrained(model: str) -> dict[str, torch.Tensor]:
    """Fetch ImageNet weights from torchvision's hub; if several were published, the first ones."""
    known = models.get_model_weights(model)
    weights = known.__members__.get("IMAGENET1K_V1", next(iter(known)))
    return models.get_model(model, weights=weights, progress=False).state_dict()


def renamed(state: dict[str, torch.Tensor], model: str) -> dict[str, torch.Tensor]:
    """Rename weights to match the modules of `build`: DenseNet's files still use the names of an older torchvision."""
    return {re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)", r"\1\2", name): value for name, value in state.items()}
