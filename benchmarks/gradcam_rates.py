"""Grad-CAM maps per second, compared with the package grad-cam on the same network, layer and pictures.

Both run on all cores, for the layer that the report explains and for the last layer, which the package's documentation
names.
"""

from functools import partial

import torch
from measuring import number, table, turns
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

from brushprint.models.build import build
from brushprint.models.model import Model
from brushprint.saliency.gradcam import as_heat, grad_cam


def ours(model: Model, layer: str, batches: list[torch.Tensor]) -> None:
    """Compute heatmaps of uint8 pictures as the report shows them."""
    with model.autocast(torch.device("cpu")):
        for pictures in batches:
            maps = grad_cam(model.network, layer, model.inputs(pictures), torch.arange(len(pictures)) % 2)
            as_heat(maps, pictures.shape[1])


def the_package(model: Model, layer: str, batches: list[torch.Tensor]) -> None:
    """Compute maps as the package's documentation describes."""
    with GradCAM(model=model.network, target_layers=[model.network.get_submodule(layer)]) as cam:
        for pictures in batches:
            targets = [ClassifierOutputTarget(index % 2) for index in range(len(pictures))]
            cam(input_tensor=model.inputs(pictures), targets=targets)


def forward(model: Model, _: str, batches: list[torch.Tensor]) -> None:
    """Run the forward pass alone, which no implementation can beat."""
    with torch.no_grad(), model.autocast(torch.device("cpu")):
        for pictures in batches:
            model.network(model.inputs(pictures))


def tables(quick: bool) -> dict[str, str]:
    """The table `gradcam_rates`."""
    count, side, size = (4, 32, 2) if quick else (128, 64, 64)
    torch.manual_seed(0)
    network = build("torchvision/resnet18", 2, side).eval()
    about = {"architecture": "torchvision/resnet18", "image_size": side, "scaling": "imagenet"}
    exact, rough = (Model(network, about | {"precision": precision}) for precision in ("32-true", "bf16-mixed"))
    batches = list(torch.randint(0, 256, (count, side, side, 3), dtype=torch.uint8).split(size))
    rows = []
    for layer in dict.fromkeys((exact.layers.gradcam, "layer4")):
        ways = {
            "grad-cam": partial(the_package, exact, layer, batches),
            "brushprint, `32-true`": partial(ours, exact, layer, batches),
            "brushprint, `bf16-mixed`": partial(ours, rough, layer, batches),
            "forward pass alone, `32-true`": partial(forward, exact, layer, batches),
            "forward pass alone, `bf16-mixed`": partial(forward, rough, layer, batches),
        }
        seconds = turns(ways, 1 if quick else 5)
        for name, taken in seconds.items():
            rows.append([f"`{layer}`", name, number(count / taken), f"{seconds['grad-cam'] / taken:.1f}"])
    return {"gradcam_rates": table(["layer", "way", "maps/s", "times the package"], rows)}
