"""What computing the features of frozen layers once saves: the first phase of source 001, beside the usual way.

Usage: python benchmarks/frozen_features.py [--pictures N] [--pixels SIDE] [--epochs N]. Prints the seconds of both
ways, their ratio, and how far their losses lie apart.
"""

import argparse
import tempfile
import time
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
import torch
import yaml

from brushprint import training
from brushprint.recipe import Recipe
from brushprint.training import Data, train


def first_phase(recipe: Recipe, data: Data) -> tuple[float, pd.DataFrame]:
    """Seconds and history of a training."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        _, history = train(
            recipe=recipe,
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
        return time.perf_counter() - start, history


def main() -> None:
    """Train both ways and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=256)
    parser.add_argument("--pixels", type=int, default=224)
    parser.add_argument("--epochs", type=int, default=5)
    given = parser.parse_args()
    torch.set_num_threads(1)
    published = yaml.safe_load(Path("config/recipes.yaml").read_text(encoding="utf-8"))["recipes"]
    changes = {"image_size": given.pixels, "epochs": given.epochs, "fine_tuning": None, "patience": None}
    recipe = Recipe(**published["resnet50-finetuned"] | changes)
    generator = np.random.default_rng(0)
    shape = (given.pictures, given.pixels, given.pixels, 3)
    data = Data(
        generator.integers(0, 256, shape, dtype=np.uint8),
        np.arange(given.pictures),
        generator.integers(0, 2, given.pictures),
    )
    once, kept = first_phase(recipe, data)
    with mock.patch.object(training, "_head_alone", lambda *_: False):
        always, usual = first_phase(recipe, data)
    apart = (kept["train_loss"] - usual["train_loss"]).abs().max()
    print(f"{given.epochs} epochs of {given.pictures} pictures at {given.pixels} pixels, one core")
    print(f"features of every epoch: {always:.1f} s; features once: {once:.1f} s; {always / once:.1f} times as fast")
    print(f"greatest difference of a training loss: {apart:.1e}")


if __name__ == "__main__":
    main()
