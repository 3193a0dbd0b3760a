"""How many Grad-CAM maps a second: ours beside the package grad-cam, of the same network, layer and pictures.

Usage: python benchmarks/gradcam_rates.py [--pictures N] [--pixels SIDE] [--batch N] [--repeats N]. Prints, for the
layer that the report explains and for the last, which the package's documentation names, the rate of each way on all
cores (the median of the repeats, which take turns) and how many times the package's it is.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from statistics import median

import torch
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

from brushprint import networks
from brushprint.gradcam import as_heat, grad_cam
from brushprint.networks import Model


def ours(model: Model, layer: str, batches: list[torch.Tensor]) -> None:
    """Heatmaps as the report shows them, of uint8 pictures."""
    with model.autocast(torch.device("cpu")):
        for pictures in batches:
            maps = grad_cam(model.network, layer, model.inputs(pictures), torch.arange(len(pictures)) % 2)
            as_heat(maps, pictures.shape[1])


def the_package(model: Model, layer: str, batches: list[torch.Tensor]) -> None:
    """As the package's documentation has it."""
    with GradCAM(model=model.network, target_layers=[model.network.get_submodule(layer)]) as cam:
        for pictures in batches:
            targets = [ClassifierOutputTarget(index % 2) for index in range(len(pictures))]
            cam(input_tensor=model.inputs(pictures), targets=targets)


def forward(model: Model, _: str, batches: list[torch.Tensor]) -> None:
    """What no way can be faster than."""
    with torch.no_grad(), model.autocast(torch.device("cpu")):
        for pictures in batches:
            model.network(model.inputs(pictures))


def rates(ways: dict[str, Callable[[], None]], pictures: int, repeats: int) -> dict[str, float]:
    """Pictures a second of each way; all take turns, and the first turn warms up."""
    seconds = {name: [] for name in ways}
    for _ in range(repeats + 1):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - start)
    return {name: pictures / median(taken[1:]) for name, taken in seconds.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=128)
    parser.add_argument("--pixels", type=int, default=64)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    torch.manual_seed(0)
    network = networks.build("torchvision/resnet18", 2, given.pixels).eval()
    about = {"architecture": "torchvision/resnet18", "image_size": given.pixels, "scaling": "imagenet"}
    exact, rough = (Model(network, about | {"precision": precision}) for precision in ("32-true", "bf16-mixed"))
    pictures = torch.randint(0, 256, (given.pictures, given.pixels, given.pixels, 3), dtype=torch.uint8)
    batches = list(pictures.split(given.batch))
    cores = torch.get_num_threads()
    print(f"ResNet-18, {given.pixels} pixels, batches of {given.batch}, {cores} cores, {given.repeats} repeats")
    print("| layer | way | maps/s | times the package |\n| --- | --- | --- | --- |", flush=True)
    for layer in dict.fromkeys((exact.layers.gradcam, "layer4")):
        ways = {
            "grad-cam": partial(the_package, exact, layer, batches),
            "brushprint, 32-true": partial(ours, exact, layer, batches),
            "brushprint, bf16-mixed": partial(ours, rough, layer, batches),
            "forward pass alone, 32-true": partial(forward, exact, layer, batches),
            "forward pass alone, bf16-mixed": partial(forward, rough, layer, batches),
        }
        found = rates(ways, given.pictures, given.repeats)
        for name, rate in found.items():
            print(f"| `{layer}` | {name} | {rate:,.0f} | {rate / found['grad-cam']:.1f} |", flush=True)


if __name__ == "__main__":
    main()
