"""A collection in which the colour of one mark decides the class, and a network that learned it."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import torch

from brushprint.models.model import Model
from brushprint.models.recipe import Recipe
from brushprint.training.data import Data
from brushprint.training.loop import train
from tests.conftest import model_of

SIDE, MARK = 24, 8
CLASSES = ["blue", "red"]
# The mark lies in the lower left corner.
ROWS, COLUMNS = slice(SIDE - MARK, None), slice(0, MARK)


def pictures(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of coloured marks, uint8 [count, side, side, 3], and the classes, int64 [count].

    The class is the colour of the mark in the lower left corner, blue (0) or red (1). The other marks are from green to
    magenta and as striking, so that a map can ignore them only because of what the network learned.
    """
    generator = np.random.default_rng(seed)
    marks = generator.integers(0, 256, (count, SIDE // MARK, SIDE // MARK, 3))
    marks[..., 2] = marks[..., 0]
    colours = np.arange(count, dtype=np.int64) % 2
    marks[:, -1, 0] = np.array([[30, 60, 220], [220, 60, 30]])[colours]
    pixels = marks.repeat(MARK, axis=1).repeat(MARK, axis=2) + generator.integers(-25, 26, (count, SIDE, SIDE, 1))
    return pixels.clip(0, 255).astype(np.uint8), colours


def table(model: Model, pixels: np.ndarray, colours: np.ndarray) -> pd.DataFrame:
    """The table of pictures that the analyses take, with the predictions of a model."""
    with torch.no_grad():
        named = model.network(model.inputs(torch.from_numpy(pixels))).argmax(1).numpy()
    return pd.DataFrame(
        {
            "image_id": [f"id{number}" for number in range(len(pixels))],
            "row": np.arange(len(pixels)),
            "predicted": np.array(CLASSES)[named],
            "outcome": np.where(named == colours, "correct", "misclassified"),
        }
    )


@cache
def learned(architecture: str = "conv3") -> Model:
    """A network that was trained to distinguish blue marks from red ones."""
    pixels, colours = pictures(320, seed=0)
    data = Data(pixels, np.arange(320), colours)
    recipe = Recipe(
        architecture=architecture,
        image_size=SIDE,
        resize="nearest",
        epochs=8,
        batch_size=8,
        optimizer="adam",
        learning_rate=0.002,
        patience=None,
        precision="32-true",
    )
    with TemporaryDirectory() as folder:
        weights, history = train(
            recipe=recipe,
            data=data,
            validation=data,
            classes=CLASSES,
            seed=0,
            device="cpu",
            weights=None,
            checkpoint=Path(folder) / "checkpoint.pt",
            identity="planted",
            label="planted",
        )
    assert history["validation_accuracy"].max() > 0.95
    model = model_of(architecture, SIDE, CLASSES)
    model.network.load_state_dict(weights)
    return model
