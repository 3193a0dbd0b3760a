"""Networks have the published number of parameters, and a registry knows their names and minimum sizes."""

import pytest
import torch
from torchvision import models

from brushprint.models.architectures import registry
from brushprint.models.build import build
from tests.support.networks import OWN
from tests.support.training import published_recipes

TAPERING_CONVOLUTIONS = (
    *((3, 128), (128, 128)),
    *((128, 64), (64, 64)),
    *((64, 32), (32, 32)),
    *((32, 16), (16, 16)),
    *((16, 8),),
)


def parameters(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(("side", "published"), [(32, 186_370), (128, 3_725_314)])
def test_cifake_has_the_published_number_of_parameters(side: int, published: int):
    assert parameters(build("cifake", 2, side)) == published


def test_tapering_cnn_has_the_parameters_that_its_layers_add_up_to():
    convolutions = sum(9 * into * out + out for into, out in TAPERING_CONVOLUTIONS)
    norms = sum(2 * out for _, out in TAPERING_CONVOLUTIONS)
    last_pool = 8 * (256 // 2**5) ** 2
    dense = last_pool * 512 + 512
    logits = 512 * 2 + 2
    assert convolutions == 297_704
    assert last_pool == 512
    assert parameters(build("tapering-cnn", 2, 256)) == convolutions + norms + dense + logits == 562_362


def test_simple_cnn_has_the_parameters_that_its_layers_add_up_to():
    convolutions = (25 * 3 * 32 + 32) + (9 * 32 * 16 + 16)
    assert parameters(build("simple-cnn", 20, 32)) == convolutions + (16 * 8 * 8 * 20 + 20) == 27_556


@pytest.mark.parametrize("classes", [2, 4, 47])
def test_conv3_has_the_parameters_that_its_layers_add_up_to(classes: int):
    convolutions = (9 * 3 * 32 + 32) + (9 * 32 * 64 + 64) + (9 * 64 * 64 + 64)
    norms = 2 * (32 + 64 + 64)
    dense = 64 * 16 * 16 * 128 + 128
    assert parameters(build("conv3", classes, 128)) == convolutions + norms + dense + 128 * classes + classes


# The published number of parameters for 1,000 classes; our head replaces the published classifier.
@pytest.mark.parametrize(
    ("name", "published", "features", "classes"),
    [
        ("torchvision/resnet18", 11_689_512, 512, 20),
        ("torchvision/resnet50", 25_557_032, 2048, 1),
        ("torchvision/efficientnet_b0", 5_288_548, 1280, 1),
        ("torchvision/mobilenet_v2", 3_504_872, 1280, 3),
    ],
)
def test_a_library_s_network_has_its_published_parameters_and_our_head(
    name: str, published: int, features: int, classes: int
):
    network = build(name, max(classes, 2), 64, one_logit=classes == 1)
    assert parameters(network) == published - (features + 1) * 1000 + (features + 1) * classes


def test_the_registry_knows_the_architectures_of_the_recipes_and_of_torchvision():
    assert OWN == ["cifake", "conv3", "simple-cnn", "tapering-cnn"]
    ours = {name.partition("/")[2] for name in registry.names() if name.startswith("torchvision/")}
    assert ours == set(models.list_models(module=models))
    assert {recipe.architecture for recipe in published_recipes().values()} <= set(registry.names())


def test_the_minimum_size_of_a_library_s_network_is_the_library_s_own():
    sizes = {"torchvision/vgg16": 32, "torchvision/resnet50": 1, "torchvision/vit_b_16": 224, "timm/resnet18": 1}
    assert {name: registry.minimum_size(name) for name in sizes} == sizes
