"""The head of every network, which maps features to one logit for each class."""

from collections import OrderedDict

import torch
from torch import nn


class Head(nn.Sequential):
    """Maps features [batch, features] to logits [batch, classes]. Its module `penultimate` outputs the features."""

    def __init__(self, features: int, *, classes: int, dropout: float, one_logit: bool) -> None:
        """Create the layers of the head.

        In training, the share `dropout` of the features is dropped. With `one_logit`, the linear layer has one output,
        from which the logits of both classes are computed. Raises `ValueError` if `one_logit` is set and the number of
        classes is not two.
        """
        if one_logit and classes != 2:
            raise ValueError(f"a network with one logit has two classes, not {classes}")
        layers = OrderedDict[str, nn.Module](penultimate=nn.Identity(), dropout=nn.Dropout(dropout))
        layers["logits"] = nn.Linear(features, 1 if one_logit else classes)
        if one_logit:
            layers["both"] = _Both()
        super().__init__(layers)
        self.features = features


class _Both(nn.Module):
    """Maps one logit z [batch, 1] to (-z/2, z/2). The cross-entropy of the two equals the binary cross-entropy of z."""

    def forward(self, logit: torch.Tensor) -> torch.Tensor:
        return torch.cat([-logit, logit], dim=1) / 2


def head_name(network: nn.Module) -> str:
    """Return the name of the `Head` in a network."""
    return next(name for name, module in network.named_modules() if isinstance(module, Head))
