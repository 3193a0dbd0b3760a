"""Any classifier of torchvision, by its name there."""

import re
from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import nn
from torchvision import models

# Auxiliary classifiers serve training alone; the initialisation by SciPy takes a minute; published weights expect the
# inputs to be transformed.
_WITH_AUXILIARIES = {"aux_logits": False, "init_weights": False, "transform_input": True}
_OPTIONS = {"googlenet": _WITH_AUXILIARIES, "inception_v3": _WITH_AUXILIARIES}


def build(image_size: int, head: Callable[[int], nn.Module], model: str) -> nn.Module:
    """The model with a head of our own in place of its last linear layer."""
    network = models.get_model(model, weights=None, **_OPTIONS.get(model, {}))
    linear = [name for name, module in network.named_modules() if isinstance(module, nn.Linear)]
    if linear:
        name, features = linear[-1], network.get_submodule(linear[-1]).in_features
        around = name.rpartition(".")[0]
        # The head has a dropout of its own.
        alone = [type(module) for module in network.get_submodule(around).children()] == [nn.Dropout, nn.Linear]
        network.set_submodule(around if alone else name, head(features))
    else:
        # SqueezeNet classifies by a convolution.
        pooled = OrderedDict(pool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten(), head=head(512))
        network.classifier = nn.Sequential(pooled)
    return network


def pretrained(model: str) -> dict[str, torch.Tensor]:
    """ImageNet weights from torchvision's hub, the first published ones where there are several."""
    known = models.get_model_weights(model)
    weights = known.__members__.get("IMAGENET1K_V1", next(iter(known)))
    return models.get_model(model, weights=weights, progress=False).state_dict()


def renamed(state: dict[str, torch.Tensor], model: str) -> dict[str, torch.Tensor]:
    """Weights under the names of `build`'s modules: DenseNet's files still have those of an older torchvision."""
    return {re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)", r"\1\2", name): value for name, value in state.items()}
