"""Any classifier of torchvision, chosen by its name in torchvision."""

import re
from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import nn
from torchvision import models

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


def pretrained(model: str) -> dict[str, torch.Tensor]:
    """Fetch ImageNet weights from torchvision's hub; if several were published, the first ones."""
    known = models.get_model_weights(model)
    weights = known.__members__.get("IMAGENET1K_V1", next(iter(known)))
    return models.get_model(model, weights=weights, progress=False).state_dict()


def renamed(state: dict[str, torch.Tensor], model: str) -> dict[str, torch.Tensor]:
    """Rename weights to match the modules of `build`: DenseNet's files still use the names of an older torchvision."""
    return {re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)", r"\1\2", name): value for name, value in state.items()}
