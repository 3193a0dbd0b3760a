"""Small trainings of a few seconds that tests share."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import yaml

from brushprint.models.recipe import Recipe
from brushprint.training.data import Data
from brushprint.training.loop import train
from tests.conftest import REPOSITORY

SIDE = 16
CLASSES = ["bright", "dark"]
# A network of several stages with batch norm, for pictures that are twice as large.
RESNET = {"architecture": "torchvision/resnet18", "image_size": 32, "epochs": 2, "batch_size": 6}


def recipe(**changes: object) -> Recipe:
    """A recipe of four epochs, with some of its values changed."""
    settings = {
        "architecture": "cifake",
        "image_size": SIDE,
        "resize": "nearest",
        "epochs": 4,
        "batch_size": 8,
        "optimizer": "adam",
        "learning_rate": 0.003,
        "patience": None,
        "precision": "32-true",
    }
    return Recipe(**settings | changes)


def two_phases(**changes: object) -> Recipe:
    """A recipe that trains the head alone, then the last block and the head."""
    second = {"epochs": 3, "learning_rate": 0.0005, "trainable_layers": ["layer4.1", "fc"]}
    both = {"trainable_layers": ["fc"], "fine_tuning": second, "loss": "binary-cross-entropy", "dropout": 0.3}
    return recipe(**RESNET | both | changes)


def published_recipes() -> dict[str, Recipe]:
    """The recipes of networks in `config/recipes.yaml`, by name."""
    values = yaml.safe_load((REPOSITORY / "config/recipes.yaml").read_text())["recipes"]
    return {name: Recipe(**recipe) for name, recipe in values.items() if "encoder" not in recipe}


def planted(count: int, seed: int) -> Data:
    """Noise, bright in class 0 and dark in class 1."""
    targets = np.arange(count, dtype=np.int64) % 2
    noise = np.random.default_rng(seed).integers(0, 140, (count, SIDE, SIDE, 3))
    pixels = (noise + 100 * (1 - targets)[:, None, None, None]).astype(np.uint8)
    return Data(pixels, np.arange(count), targets)


def meaningless(count: int, seed: int) -> Data:
    """Noise with random classes."""
    generator = np.random.default_rng(seed)
    pixels = generator.integers(0, 256, (count, SIDE, SIDE, 3), dtype=np.uint8)
    return Data(pixels, np.arange(count), generator.permutation(np.arange(count, dtype=np.int64) % 2))


def enlarged(data: Data) -> Data:
    """The same pictures with twice the side."""
    return Data(data.pixels.repeat(2, axis=1).repeat(2, axis=2), data.rows, data.targets)


class CutShort(Data):
    """Training pictures that interrupt the training within the given epoch, as a power failure would."""

    def __init__(self, data: Data, epoch: int) -> None:
        super().__init__(data.pixels, data.rows, data.targets)
        self.left = epoch

    def batches(self, *arguments: object) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        self.left -= 1
        for number, batch in enumerate(super().batches(*arguments)):
            if not self.left and number == 2:
                raise KeyboardInterrupt
            yield batch


def learn(checkpoint: Path, data: Data | None = None, validation: Data | None = None, **changes: object):
    """Train on planted pictures; `changes` are other arguments of `train`."""
    arguments = {"seed": 3, "identity": ["these settings"], "recipe": recipe(), "classes": CLASSES, "weights": None}
    arguments |= changes
    return train(
        data=planted(40, seed=1) if data is None else data,
        validation=planted(20, seed=2) if validation is None else validation,
        device="cpu",
        checkpoint=checkpoint,
        label="test",
        **arguments,
    )


def assert_same(one: tuple[dict, pd.DataFrame], other: tuple[dict, pd.DataFrame]) -> None:
    pd.testing.assert_frame_equal(one[1], other[1], check_exact=True)
    assert one[0].keys() == other[0].keys()
    assert all(torch.equal(one[0][name], other[0][name]) for name in one[0])
