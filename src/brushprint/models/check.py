"""Check before a run that the networks of its recipes can be built and trained.

`python -m brushprint.models.check` reads `{"recipes": {variant: recipe}, "processes": number}` as JSON from standard
input. It exits with 0, or with 1 and a line for each mistake on standard error. It is a process of its own, so that a
run without networks does not wait for torch.
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
from brushprint.models.layers import check_layers
from brushprint.models.recipe import Recipe


def mistakes(recipes: Mapping[str, Mapping[str, Any]], processes: int) -> Iterator[str]:
    """A line for each variant whose recipe has a network that cannot be built, or trained by so many processes."""
    for variant, values in recipes.items():
        try:
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
    """A network of two classes, without weights where torch can do without: drawing them takes seconds."""
    with suppress(UserError), torch.device("meta"):
        return build(architecture, 2, image_size)
    return build(architecture, 2, image_size)


if __name__ == "__main__":
    sys.exit("\n".join(mistakes(**json.load(sys.stdin))) or None)
