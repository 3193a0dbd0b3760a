"""Grad-CAM heatmaps, which show where a network looks, computed on batches of tensors.

Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", ICCV 2017.
"""

import numpy as np
import torch
from torch import nn
from torch.nn.functional import interpolate

from brushprint.models.devices import choose_device
from brushprint.models.inputs import batch_size
from brushprint.models.model import Model


def grad_cam(network: nn.Module, layer: str, inputs: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """Compute Grad-CAM maps of a batch, at the resolution of the layer.

    Parameters
    ----------
    network : the network, in evaluation mode
    layer : the name of the module whose output [batch, channels, height, width] is weighted
    inputs : float32 [batch, 3, side, side]
    classes : int64 [batch], the class to explain for each picture

    Returns
    -------
    float32 [batch, height, width]: the positive part of the sum of the channels, each weighted by the mean gradient of
    the class's logit over that channel (equations 1 and 2 of the paper). The maps are not normalised.

    Gradients are computed only for the part of the network after the layer.
    """
    activations: list[torch.Tensor] = []

    def begin(_: nn.Module, __: tuple, output: torch.Tensor) -> torch.Tensor:
        activations[:] = [output.detach().requires_grad_()]
        torch.set_grad_enabled(True)
        # Return a copy, because later layers may change their input in place.
        return activations[0].clone()

    handle = network.get_submodule(layer).register_forward_hook(begin)
    try:
        with torch.no_grad():
            logits = network(inputs)
            (gradients,) = torch.autograd.grad(logits.gather(1, classes[:, None]).sum(), activations)
    finally:
        handle.remove()
    weights = gradients.float().mean(dim=(2, 3), keepdim=True)
    return (weights * activations[0].detach()).sum(1).relu()


def maps_of(model: Model, pictures: torch.Tensor, classes: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Compute the maps of `grad_cam` for uint8 pictures [pictures, side, side, 3] in batches.

    The returned tensor is on the CPU. A network that was trained in the precision `bf16-mixed` computes in it here too.
    """
    network, layer, batch = model.network.to(device), model.layers.gradcam, batch_size(pictures.shape[1])
    with model.autocast(device):
        parts = [
            grad_cam(network, layer, model.inputs(part.to(device)), named.to(device)).cpu()
            for part, named in zip(pictures.split(batch), classes.split(batch), strict=True)
        ]
    return torch.cat(parts)


def as_heat(maps: torch.Tensor, side: int) -> torch.Tensor:
    """Resize maps [batch, height, width] to [batch, side, side], and stretch each from 0 (coldest) to 1 (hottest).

    The maps are stretched, resized (bilinear) and stretched again, like the heatmaps of the package `grad-cam`. A map
    with the same heat everywhere becomes zero.
    """
    heat = interpolate(_stretched(maps)[:, None], size=(side, side), mode="bilinear", align_corners=False)
    return _stretched(heat[:, 0])


def _stretched(maps: torch.Tensor) -> torch.Tensor:
    above = maps - maps.amin(dim=(1, 2), keepdim=True)
    return above / (1e-7 + above.amax(dim=(1, 2), keepdim=True))


def heatmaps(model: Model, pictures: torch.Tensor, classes: torch.Tensor, device: str = "cpu") -> np.ndarray:
    """Compute Grad-CAM heatmaps, float32 [pictures, side, side] in [0, 1], of uint8 pictures [pictures, side, side, 3].

    `device` is described in `brushprint.models.devices.choose_device`.
    """
    return as_heat(maps_of(model, pictures, classes, choose_device(device)), pictures.shape[1]).numpy()
