"""Training from picture files, compared with the usual loop: torchvision's `ImageFolder` and a `DataLoader`.

Both train as many networks as there are cores, each from its own seed. The usual loop trains them one after the other,
each on all cores with one worker per core, and reads each picture again in each epoch. brushprint catalogues the files,
decodes them once, and trains the networks in parallel with one core each, as the workflow uses a machine. The times
include all of this work, but neither the start of processes nor imports.
"""

import copy
import multiprocessing
import statistics
import tempfile
import zipfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import torch
from measuring import CORES, labels, number, recipe, sample, table, turns
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, Subset
from torchvision import transforms
from torchvision.datasets import ImageFolder

from brushprint.data.catalogue import build_catalogue
from brushprint.data.pixels import write_pixels
from brushprint.data.taxonomy import FolderRules
from brushprint.models.build import build
from brushprint.models.fabric import setup_fabric
from brushprint.models.files import restore
from brushprint.models.inputs import IMAGENET
from brushprint.models.model import Model
from brushprint.models.recipe import Recipe
from brushprint.training.data import Data
from brushprint.training.inference import infer
from brushprint.training.loop import train

CLASSES = ["ai", "human"]
LABELS = FolderRules([{"folder": name, "origin": name, "source": name, "style": None} for name in CLASSES])
# Every tenth training picture is a validation picture.
TENTH = 10


def files(folder: Path, pictures: int, held_out: int) -> Path:
    """Write the sample's pictures, of 256 and 768 pixels, to train/ai, train/human, test/ai and test/human."""
    archive = folder / "sample.zip"
    sample(archive, train=pictures, test=held_out)
    root, rules = folder / "pictures", FolderRules(labels())
    with zipfile.ZipFile(archive) as members:
        for name in members.namelist():
            target = root / Path(name).parts[1] / rules.of(name).origin / Path(name).name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(members.read(name))
    return root


def usual(about: Recipe, root: Path, seeds: list[int]) -> float:
    """Train with the usual loop; the mean accuracy on the held-out pictures."""
    torch.set_num_threads(CORES)
    how = transforms.InterpolationMode[about.resize.upper()]
    side = (about.image_size, about.image_size)
    changes = transforms.Compose([transforms.Resize(side, how), transforms.ToTensor(), *_normalised(about)])
    learned, tested = ImageFolder(root / "train", changes), ImageFolder(root / "test", changes)
    numbers = np.arange(len(learned))
    parts = {
        "train": Subset(learned, numbers[numbers % TENTH > 0].tolist()),
        "validation": Subset(learned, numbers[numbers % TENTH == 0].tolist()),
        "test": tested,
    }
    loaders = {
        # Fork, which is the default on Linux: a spawned process would spawn its workers, and each would import torch.
        name: DataLoader(
            part, about.batch_size, shuffle=name == "train", num_workers=CORES, multiprocessing_context="fork"
        )
        for name, part in parts.items()
    }
    return statistics.mean(_usual_training(about, loaders, seed) for seed in seeds)


def _normalised(about: Recipe) -> list[transforms.Normalize]:
    return [transforms.Normalize(*IMAGENET)] if about.scaling == "imagenet" else []


def _usual_training(about: Recipe, loaders: dict[str, DataLoader], seed: int) -> float:
    torch.manual_seed(seed)
    network = build(about.architecture, len(CLASSES), about.image_size)
    network = network.to(memory_format=torch.contiguous_format)
    kinds = {"adam": torch.optim.Adam, "sgd": partial(torch.optim.SGD, momentum=about.momentum, nesterov=True)}
    optimizer = kinds[about.optimizer](network.parameters(), about.learning_rate)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, about.lr_decay)
    best, least = {}, float("inf")
    for _ in range(about.epochs):
        network.train()
        for inputs, targets in loaders["train"]:
            optimizer.zero_grad()
            cross_entropy(network(inputs), targets).backward()
            optimizer.step()
        schedule.step()
        loss, _ = _judged(network, loaders["validation"])
        if loss < least:
            best, least = copy.deepcopy(network.state_dict()), loss
    network.load_state_dict(best)
    return _judged(network, loaders["test"])[1]


@torch.no_grad()
def _judged(network: torch.nn.Module, loader: DataLoader) -> tuple[float, float]:
    network.eval()
    loss, hits, seen = 0.0, 0, 0
    for inputs, targets in loader:
        logits = network(inputs)
        loss += cross_entropy(logits, targets, reduction="sum").item()
        hits += (logits.argmax(1) == targets).sum().item()
        seen += len(targets)
    return loss / seen, hits / seen


def ours(about: Recipe, root: Path, seeds: list[int], pool: ProcessPoolExecutor, work: Path) -> float:
    """Train with brushprint; the mean accuracy on the held-out pictures."""
    listed, *_ = build_catalogue(root, LABELS, images=None, max_rejected=0, seed=0, jobs=CORES)
    pixels = work / "pixels.npy"
    write_pixels(root, listed, pixels, size=about.image_size, resize=about.resize, jobs=CORES)
    listed = listed.assign(row=np.arange(len(listed)))
    parts = dict(list(listed.groupby("published_split")))
    validates = np.arange(len(parts["train"])) % TENTH == 0
    split = {"train": parts["train"][~validates], "validation": parts["train"][validates], "test": parts["test"]}
    return statistics.mean(pool.map(partial(_our_training, about, pixels, split, work), seeds))


def _our_training(about: Recipe, pixels: Path, split: dict, work: Path, seed: int) -> float:
    array = np.load(pixels, mmap_mode="r")
    learn, judge = (
        Data(array, split[name]["row"].to_numpy(), split[name]["origin"].map(CLASSES.index).to_numpy())
        for name in ("train", "validation")
    )
    checkpoint = work / f"{seed}.pt"
    checkpoint.unlink(missing_ok=True)
    state, _ = train(
        recipe=about,
        data=learn,
        validation=judge,
        classes=CLASSES,
        seed=seed,
        device="cpu",
        weights=None,
        checkpoint=checkpoint,
        identity="benchmark",
        label="benchmark",
    )
    network = build(about.architecture, len(CLASSES), about.image_size).eval()
    restore(network, state)
    model = Model(network, about.model_dump() | {"classes": CLASSES})
    held_out = split["test"].rename(columns={"origin": "label"}).assign(partition="test")
    probabilities, _ = infer(model, array, held_out, device="cpu")
    predicted = np.array(CLASSES)[probabilities[[f"p_{name}" for name in CLASSES]].to_numpy().argmax(1)]
    return float((probabilities["label"] == predicted).mean())


def _get_ready() -> None:
    torch.set_num_threads(1)
    setup_fabric("cpu")


def tables(quick: bool) -> dict[str, str]:
    """The table `loop`."""
    plan = [
        ("cifake-32", {"epochs": 15}, 2),
        ("cifake-128", {"epochs": 3}, 1),
        ("resnet18-augmented", {"augmentation": {}, "pretrained": False, "patience": None, "epochs": 5}, 1),
        (
            "resnet18-augmented",
            {"augmentation": {}, "pretrained": False, "patience": None, "image_size": 64, "epochs": 3},
            1,
        ),
    ]
    pictures, held_out = (30, 30) if quick else (600, 240)
    seeds, rows = list(range(CORES)), []
    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessPoolExecutor(CORES, multiprocessing.get_context("spawn"), _get_ready) as pool,
    ):
        work = Path(folder)
        root = files(work, pictures, held_out)
        for name, changes, repeats in plan[:1] if quick else plan:
            about = recipe(name, **changes | ({"epochs": 1} if quick else {}))
            right: dict[str, float] = {}
            ways = {
                "usual": lambda about=about, right=right: right.update(usual=usual(about, root, seeds)),
                "ours": lambda about=about, right=right: right.update(ours=ours(about, root, seeds, pool, work)),
            }
            # Warm both up with one epoch.
            if not quick:
                short = about.model_copy(update={"epochs": 1})
                usual(short, root, seeds[:1])
                ours(short, root, seeds, pool, work)
            seconds = turns(ways, repeats, warm=0)
            learned = (pictures - -(-pictures // TENTH)) * about.epochs * len(seeds)
            rates = {way: learned / taken for way, taken in seconds.items()}
            rows.append(
                [
                    f"`{about.architecture.split('/')[-1]}`",
                    about.image_size,
                    about.epochs,
                    number(rates["usual"]),
                    number(rates["ours"]),
                    f"{rates['ours'] / rates['usual']:.2f}",
                    f"{right['usual']:.2f}",
                    f"{right['ours']:.2f}",
                ]
            )
    heads = ["network", "pixels", "epochs", "usual, images/s", "brushprint, images/s", "ratio"]
    return {"loop": table([*heads, "usual, accuracy", "brushprint, accuracy"], rows)}
