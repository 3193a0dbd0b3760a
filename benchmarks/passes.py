"""Analyses after training, compared with the network passes that they need, on tensors in memory and one core."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
import torch
from measuring import number, table, turns
from torch import nn

from brushprint.data.corruptions import CONDITIONS
from brushprint.models.build import build
from brushprint.models.inputs import batch_size
from brushprint.models.model import Model
from brushprint.saliency.faithfulness import SHARES, curves
from brushprint.saliency.gradcam import heatmaps
from brushprint.saliency.occlusion import drops, windows
from brushprint.saliency.profiles import profiles
from brushprint.training.corrupted_inference import scores
from brushprint.training.inference import infer

CLASSES = ["ai", "human"]


def forward(network: nn.Module, inputs: torch.Tensor, batch: int, passes: int) -> None:
    """Run a forward pass on `passes` pictures in batches of `batch`, starting `inputs` over when they are used up."""
    ready = inputs.split(batch)
    with torch.no_grad():
        done = number = 0
        while done < passes:
            part = ready[number % len(ready)][: passes - done]
            network(part)
            done, number = done + len(part), number + 1


def backward(network: nn.Module, layer: str, inputs: torch.Tensor, batch: int, maps: int) -> None:
    """Run `maps` pictures forward (see `forward`) and backward only to `layer`: the least that Grad-CAM needs."""
    reached = []

    def begin(_: nn.Module, __: tuple, output: torch.Tensor) -> torch.Tensor:
        reached[:] = [output.detach().requires_grad_()]
        torch.set_grad_enabled(True)
        return reached[0].clone()

    handle = network.get_submodule(layer).register_forward_hook(begin)
    ready = inputs.split(batch)
    done = number = 0
    while done < maps:
        part = ready[number % len(ready)][: maps - done]
        with torch.no_grad():
            torch.autograd.grad(network(part)[:, 0].sum(), reached)
        done, number = done + len(part), number + 1
    handle.remove()


def _work(model: Model, pictures: int) -> list[tuple[str, str, int, Callable[[], object], Callable[[], object]]]:
    """For each analysis: name, passes per picture, number of pictures, brushprint's code, and the passes alone."""
    side, network, layer = model.about["image_size"], model.network, model.layers.gradcam
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (pictures, side, side, 3), dtype=np.uint8)
    some, few = max(2, pictures // 32), max(2, pictures // 8)
    perturbed = generator.integers(0, 256, (some, len(CONDITIONS), side, side, 3), dtype=np.uint8)
    shown, named = torch.from_numpy(pixels), torch.arange(pictures) % 2
    inputs, batch = model.inputs(shown), batch_size(side)
    hidden = windows(side, side * 24 // 128, side * 8 // 128)
    places = len(hidden) ** 2
    about = pd.DataFrame({"image_id": [f"{row:04d}" for row in range(pictures)], "row": np.arange(pictures)})
    about = about.assign(partition="test", label=np.array(CLASSES)[named], predicted=np.array(CLASSES)[named])
    faces = pd.DataFrame(columns=["image_id", "left", "top", "width", "height"])
    ahead, back = partial(forward, network, inputs, batch), partial(backward, network, layer, inputs, batch)
    groups = ["label"]

    def the_curves() -> None:
        curves(model, shown[:few], named[:few], seed=0, device="cpu")

    def their_passes() -> None:
        back(few)
        ahead(few * len(SHARES) * 4)

    return [
        (
            "predictions and features",
            "1 forward",
            pictures,
            lambda: infer(model, pixels, about, device="cpu"),
            partial(ahead, pictures),
        ),
        (
            "Grad-CAM",
            "1 forward, 1 back to the layer",
            pictures,
            lambda: heatmaps(model, shown, named),
            partial(back, pictures),
        ),
        (
            "heat and its nulls",
            "3 forward, 3 back",
            pictures,
            lambda: profiles(model, pixels, about, faces, groups=groups, random_networks=8, seed=0, device="cpu"),
            partial(back, 3 * pictures),
        ),
        (
            "occlusion",
            f"{places + 1} forward",
            some,
            lambda: drops(model, shown[:some], named[:some], hidden),
            partial(ahead, some * (places + 1)),
        ),
        (
            "robustness",
            f"{len(CONDITIONS)} forward",
            some,
            lambda: scores(model, perturbed, device="cpu"),
            partial(ahead, some * len(CONDITIONS)),
        ),
        ("deletion and insertion", f"{4 * len(SHARES) + 1} forward, 1 back", few, the_curves, their_passes),
    ]


def tables(quick: bool) -> dict[str, str]:
    """The table `passes`."""
    torch.set_num_threads(1)
    plan = [("cifake", 32, 1024), ("torchvision/resnet18", 64, 192)]
    rows = []
    for architecture, side, pictures in plan[:1] if quick else plan:
        torch.manual_seed(0)
        network = build(architecture, 2, side).eval()
        about = {"architecture": architecture, "image_size": side, "classes": CLASSES, "scaling": "unit"}
        about |= {"precision": "32-true", "dropout": 0.0, "loss": "cross-entropy"}
        for name, needs, count, ours, alone in _work(Model(network, about), 16 if quick else pictures):
            seconds = turns({"ours": ours, "alone": alone}, 1 if quick else 5)
            rates = [number(count / seconds[way]) for way in ("alone", "ours")]
            share = f"{seconds['alone'] / seconds['ours']:.2f}"
            rows.append([f"`{architecture.split('/')[-1]}`", side, name, needs, *rates, share])
    heads = ["network", "pixels", "what", "passes a picture", "passes alone, images/s", "brushprint, images/s", "share"]
    return {"passes": table(heads, rows)}
