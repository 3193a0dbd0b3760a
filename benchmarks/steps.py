"""The training loop, compared with the same training steps on tensors in memory, on one core."""

import tempfile
from pathlib import Path

import numpy as np
import torch
from measuring import number, recipe, table, turns
from torch.nn.functional import cross_entropy

from brushprint.models.build import build
from brushprint.models.inputs import as_input
from brushprint.models.recipe import Recipe
from brushprint.training.data import Data
from brushprint.training.loop import train

CLASSES = ["ai", "human"]
# Leave out the parts of a recipe that do not belong to a training step: augmentation and the source of the weights.
PLAIN = {"augmentation": {}, "pretrained": False, "patience": None, "trainable_layers": None}


def whole(about: Recipe, learn: Data, judge: Data) -> None:
    """Train with brushprint, from building the network to the checkpoint of the last epoch."""
    with tempfile.TemporaryDirectory() as folder:
        train(
            recipe=about,
            data=learn,
            validation=judge,
            classes=CLASSES,
            seed=0,
            device="cpu",
            weights=None,
            checkpoint=Path(folder) / "checkpoint.pt",
            identity="benchmark",
            label="benchmark",
        )


def bare(about: Recipe, batches: list, judged: list) -> None:
    """Run forward, backward and optimiser step for each batch, and forward for each batch of validation pictures."""
    torch.manual_seed(0)
    network = build(about.architecture, len(CLASSES), about.image_size)
    if about.optimizer == "adam":
        optimizer = torch.optim.Adam(network.parameters(), about.learning_rate, fused=True)
    else:
        optimizer = torch.optim.SGD(
            network.parameters(), about.learning_rate, momentum=about.momentum, nesterov=True, fused=True
        )
    for _ in range(about.epochs):
        network.train()
        for inputs, targets in batches:
            optimizer.zero_grad()
            cross_entropy(network(inputs), targets).backward()
            optimizer.step()
        network.eval()
        with torch.no_grad():
            for inputs, targets in judged:
                cross_entropy(network(inputs), targets)


def tables(quick: bool) -> dict[str, str]:
    """The table `steps`."""
    torch.set_num_threads(1)
    plan = [
        ("cifake-32", PLAIN | {"image_size": 32}, 5120),
        ("cifake-128", PLAIN | {"image_size": 128}, 384),
        ("resnet18-augmented", PLAIN | {"image_size": 32}, 3072),
        ("resnet18-augmented", PLAIN | {"image_size": 64}, 896),
        ("resnet18-augmented", {"pretrained": False, "patience": None}, 1536),
        ("resnet18-aggressive", {"pretrained": False, "patience": None}, 1536),
    ]
    rows = []
    for name, changes, pictures in plan[:1] if quick else plan:
        about = recipe(name, **changes | {"epochs": 1})
        count, side = 128 if quick else pictures, about.image_size
        generator = np.random.default_rng(0)
        pixels = generator.integers(0, 256, (count * 9 // 8, side, side, 3), dtype=np.uint8)
        targets = generator.integers(0, 2, len(pixels))
        learn, judge = (Data(pixels, part, targets[part]) for part in np.split(np.arange(len(pixels)), [count]))
        ready = [
            [(as_input(rows, about.scaling), named) for rows, named in part.batches(about.batch_size)]
            for part in (learn, judge)
        ]
        ways = {
            "train": lambda about=about, learn=learn, judge=judge: whole(about, learn, judge),
            "bare": lambda about=about, ready=ready: bare(about, *ready),
        }
        seconds = turns(ways, 1 if quick else 3)
        said = "as published" if about.augmentation != recipe("cifake-32").augmentation else "none"
        rates = [count / seconds[way] for way in ("bare", "train")]
        share = f"{seconds['bare'] / seconds['train']:.2f}"
        rows.append(
            [
                f"`{name}`" if said != "none" else f"`{about.architecture.split('/')[-1]}`",
                side,
                said,
                *map(number, rates),
                share,
            ]
        )
    return {
        "steps": table(["network", "pixels", "augmentation", "bare, images/s", "brushprint, images/s", "share"], rows)
    }
