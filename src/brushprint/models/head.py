"""The head of every network: from features to a logit for each class."""

from collections import OrderedDict

import torch
from torch import nn


class Head(nn.Sequential):
    """Features [batch, features] to logits [batch, classes]; its module `penultimate` outputs the features."""

    def __init__(self, features: int, *, classes: int, dropout: float, one_logit: bool) -> None:
        """Drop the share `dropout` of the features in training; `one_logit` makes both logits of two classes from one.

        Raises `ValueError` for one logit with any other number of classes than two.
        """
        if one_logit and classes != 2:
            raise ValueError(f"one logit tells two classes apart, not {classes}")
        layers = OrderedDict[str, nn.Module](penultimate=nn.Identity(), dropout=nn.Dropout(dropout))
        layers["logits"] = nn.Linear(features, 1 if one_logit else classes)
        if one_logit:
            layers["both"] = _Both()
        super().__init__(layers)
        self.features = features


class _Both(nn.Module):
    """One logit z [batch, 1] to (-z/2, z/2): the cross-entropy of the two is the binary cross-entropy of z."""

    def forward(self, logit: torch.Tensor) -> torch.Tensor:
        return torch.cat([-logit, logit], dim=1) / 2


def head_name(network: nn.Module) -> str:
    """The name of the module that is a network's head."""
    return next(name for name, module in network.named_modules() if isinstance(module, Head))
