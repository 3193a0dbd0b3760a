"""The layers whose outputs the analyses use, in every architecture."""

import pytest
import torch

from brushprint.models.architectures import registry
from brushprint.models.build import build
from brushprint.models.layers import find_layers, recorded
from tests.conftest import model_of
from tests.support.networks import OWN, pictures


@pytest.mark.parametrize(("side", "layer"), [(224, "layer4"), (128, "layer4"), (64, "layer3"), (32, "layer2")])
def test_grad_cam_uses_the_deepest_layer_whose_maps_are_fine_enough(side: int, layer: str):
    assert model_of("torchvision/resnet18", side, ["a", "b"]).layers.gradcam == layer


def test_finding_layers_changes_neither_the_network_nor_the_random_state():
    network = build("torchvision/resnet18", 2, 64).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    generator = torch.get_rng_state()
    find_layers(network, "torchvision/resnet18", 64)
    assert all(module.training for module in network.modules())
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert torch.equal(generator, torch.get_rng_state())
    assert not any(module._forward_hooks for module in network.modules())


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("spare", [0, 1, 9])
def test_own_architectures_have_the_required_layers_from_their_minimum_size_on(name: str, spare: int):
    side = max(8, registry.minimum_size(name)) + spare
    model = model_of(name, side, list("abcde"))
    layers = model.layers
    with torch.no_grad(), recorded(model.network, *layers) as outputs:
        logits = model.network(model.inputs(pictures(3, side)))
    assert logits.shape == (3, 5)
    assert logits.dtype == torch.float32
    assert outputs[layers.gradcam].dim() == outputs[layers.pool].dim() == 4
    assert len(outputs[layers.penultimate]) == 3
