"""Check before a run that the networks of its recipes can be built and trained.

`python -m brushprint.models.check` reads `{"recipes": {variant: recipe}, "processes": number}` as JSON from standard
input. If it finds no mistake, it exits with status 0. Otherwise it writes one line for each mistake to standard error
and exits with status 1. The check runs in a separate process, so that a run without networks does not wait for the
import of torch.
"""

import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import torch
from torch import nn

from brushprint.core.errors import UserError
from brushprint.models import sync_batch_norm
from brushprint.models.build import build
from brushprint.models.encoders import build_encoder
from brushprint.models.layers import check_layers
from brushprint.models.recipe import Recipe


def mistakes(recipes: Mapping[str, Mapping[str, Any]], processes: int) -> Iterator[str]:
    """Yield an error line for each variant whose network cannot be built, or trained with this number of processes."""
    for variant, values in recipes.items():
        try:
            if "encoder" in values:
                build_encoder(values)
            else:
                _check(Recipe(**values), processes)
        except UserError as error:
            yield f"variants.{variant}: recipe: {error}"


def _check(recipe: Recipe, processes: int) -> None:
    network = _outline(recipe.architecture, recipe.image_size)
    for phase in recipe.phases():
        check_layers(network, phase.trainable_layers)
    if processes > 1:
        sync_batch_norm.share(network)
    if recipe.compile and not shutil.which(os.environ.get("CXX", "g++")):
        raise UserError("compile: torch.compile needs a C++ compiler, and there is none; set it to false")


def _outline(architecture: str, image_size: int) -> nn.Module:
    """Build a network for two classes.

    Drawing random weights takes seconds, so the network has none (torch's `meta` device) if it can be built without.
    """
    with suppress(UserError), torch.device("meta"):
        return build(architecture, 2, image_size)
    return build(architecture, 2, image_size)


if __name__ == "__main__":
    sys.exit("\n".join(mistakes(**json.load(sys.stdin))) or None)
