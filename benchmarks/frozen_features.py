"""Time saved by computing the features of frozen layers only once, in the first phase of `resnet50-finetuned`."""

import tempfile
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
import torch
from measuring import number, recipe, table, turns

from brushprint.models.recipe import Recipe
from brushprint.training import loop
from brushprint.training.data import Data
from brushprint.training.loop import train


def first_phase(about: Recipe, data: Data) -> pd.DataFrame:
    """Train by a recipe; the history of the training."""
    with tempfile.TemporaryDirectory() as folder:
        _, history = train(
            recipe=about,
            data=data,
            validation=Data(data.pixels, data.rows[::10], data.targets[::10]),
            classes=["ai", "human"],
            seed=0,
            device="cpu",
            weights=None,
            checkpoint=Path(folder) / "checkpoint.pt",
            identity="benchmark",
            label="benchmark",
        )
        return history


def tables(quick: bool) -> dict[str, str]:
    """The table `frozen_features`."""
    torch.set_num_threads(1)
    pictures, side, epochs = (24, 32, 2) if quick else (96, 224, 5)
    changes = {"image_size": side, "epochs": epochs, "fine_tuning": None, "patience": None}
    about = recipe("resnet50-finetuned", **changes)
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (pictures, side, side, 3), dtype=np.uint8)
    data = Data(pixels, np.arange(pictures), generator.integers(0, 2, pictures))
    histories = {}

    def once() -> None:
        histories["once"] = first_phase(about, data)

    def always() -> None:
        with mock.patch.object(loop, "head_alone", lambda *_: False):
            histories["always"] = first_phase(about, data)

    seconds = turns({"once": once, "always": always}, 1, warm=int(quick))
    apart = (histories["once"]["train_loss"] - histories["always"]["train_loss"]).abs().max()
    row = [epochs, pictures, side, number(seconds["always"]), number(seconds["once"])]
    heads = ["epochs", "pictures", "pixels", "every epoch, s", "once, s", "ratio", "losses apart at most"]
    ratio = f"{seconds['always'] / seconds['once']:.1f}"
    return {"frozen_features": table(heads, [[*row, ratio, f"{apart:.0e}"]])}
