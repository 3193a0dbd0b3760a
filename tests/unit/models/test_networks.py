import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from torchvision import models

from brushprint.core.errors import UserError
from brushprint.models import weights
from brushprint.models.architectures import registry
from brushprint.models.build import build
from brushprint.models.devices import choose_device
from brushprint.models.fabric import setup_fabric
from brushprint.models.files import load_model, load_weights, restore, save_model
from brushprint.models.head import Head
from brushprint.models.inputs import as_input
from brushprint.models.layers import FINEST_MAPS, find_layers, recorded
from brushprint.models.recipe import Recipe
from tests.conftest import ARCHITECTURES, REPOSITORY, model_of, run
from tests.workflow.test_repository import settings

OWN = [name for name in registry.names() if "/" not in name]

TAPERING_CONVOLUTIONS = (
    *((3, 128), (128, 128)),
    *((128, 64), (64, 64)),
    *((64, 32), (32, 32)),
    *((32, 16), (16, 16)),
    *((16, 8),),
)


def parameters(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def pictures(count: int, side: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (count, side, side, 3), dtype=torch.uint8, generator=generator)


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


# The published counts for 1,000 classes, less their classifier, and ours in its place.
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


def test_the_names_of_the_architectures_are_those_of_the_recipes_and_of_the_libraries():
    assert OWN == ["cifake", "conv3", "simple-cnn", "tapering-cnn"]
    ours = {name.partition("/")[2] for name in registry.names() if name.startswith("torchvision/")}
    assert ours == set(models.list_models(module=models))
    assert {Recipe(**values).architecture for values in settings()["recipes"].values()} <= set(registry.names())


def test_the_smallest_size_is_what_the_libraries_say():
    sizes = {"torchvision/vgg16": 32, "torchvision/resnet50": 1, "torchvision/vit_b_16": 224, "timm/resnet18": 1}
    assert {name: registry.minimum_size(name) for name in sizes} == sizes


# The others of torchvision differ from these by their numbers alone.
FAMILIES = (
    *("alexnet", "convnext_tiny", "densenet121", "efficientnet_v2_s", "googlenet", "inception_v3", "maxvit_t"),
    *("mnasnet0_5", "mobilenet_v2", "mobilenet_v3_small", "regnet_y_400mf", "resnext50_32x4d", "shufflenet_v2_x0_5"),
    *("squeezenet1_1", "swin_t", "swin_v2_t", "vgg11_bn", "vit_b_32", "wide_resnet50_2"),
)


@pytest.mark.parametrize(
    ("name", "side"),
    [
        *((f"torchvision/{name}", max(64, registry.minimum_size(f"torchvision/{name}"))) for name in FAMILIES),
        *((f"timm/{name}", 64) for name in ("resnet18.a1_in1k", "mobilenetv3_small_050", "convnext_atto")),
        *((f"timm/{name}", 224) for name in ("vit_tiny_patch16_224", "deit_tiny_distilled_patch16_224")),
        ("timm/test_mambaout", 64),
    ],
)
def test_any_model_of_a_library_can_be_named_saved_and_begun_from(name: str, side: int, tmp_path: Path):
    with torch.no_grad():
        made = model_of(name, side, ["a", "b", "c"])
        save_model(tmp_path / "model", made.network.state_dict(), made.about)
        model = load_model(tmp_path / "model")
        save_file(weights.ours(published(name), name), tmp_path / "weights")
        load_weights(model.network, tmp_path / "weights", name)
        layers = model.layers
        with recorded(model.network, *layers) as outputs:
            logits = model.network(model.inputs(pictures(1, side)))
    assert logits.shape == (1, 3)
    assert outputs[layers.gradcam].dim() == 4
    assert outputs[layers.gradcam].shape[2] >= FINEST_MAPS
    assert outputs[layers.penultimate].shape == (
        1,
        model.network.get_submodule(layers.penultimate[:-12]).logits.in_features,
    )


def published(name: str) -> dict[str, torch.Tensor]:
    """As a library's hub gives weights, but random ones."""
    library, _, model = name.rpartition("/")
    if library == "timm":
        return timm.create_model(model).state_dict()
    state = models.get_model(model, weights=None).state_dict()
    # The files of DenseNet are older than the names of its modules.
    return {re.sub(r"(denselayer.*)(norm|conv)([12])", r"\1\2.\3", key): value for key, value in state.items()}


@pytest.mark.parametrize(("side", "layer"), [(224, "layer4"), (128, "layer4"), (64, "layer3"), (32, "layer2")])
def test_grad_cam_weighs_the_deepest_maps_that_can_say_where(side: int, layer: str):
    assert model_of("torchvision/resnet18", side, ["a", "b"]).layers.gradcam == layer


def test_looking_for_layers_changes_nothing():
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
def test_every_architecture_keeps_the_contract_from_its_smallest_size_on(name: str, spare: int):
    side = max(8, registry.minimum_size(name)) + spare
    model = model_of(name, side, list("abcde"))
    layers = model.layers
    with torch.no_grad(), recorded(model.network, *layers) as outputs:
        logits = model.network(model.inputs(pictures(3, side)))
    assert logits.shape == (3, 5)
    assert logits.dtype == torch.float32
    assert outputs[layers.gradcam].dim() == outputs[layers.pool].dim() == 4
    assert len(outputs[layers.penultimate]) == 3


@pytest.mark.parametrize("name", [*OWN, "torchvision/vgg11"])
def test_too_small_a_picture_is_told_in_one_line_with_the_smallest_size(name: str):
    smallest = registry.minimum_size(name)
    with pytest.raises(UserError, match=rf"image_size .* at least {smallest}$") as caught:
        build(name, 2, smallest - 1)
    assert "\n" not in str(caught.value)


def test_a_size_that_a_library_s_model_cannot_take_is_told_in_one_line():
    with pytest.raises(UserError, match=r"timm/vit_tiny_patch16_224 cannot take pictures of 100 pixels") as caught:
        build("timm/vit_tiny_patch16_224", 2, 100)
    assert "\n" not in str(caught.value)


def test_one_logit_gives_the_binary_cross_entropy_and_its_probabilities():
    torch.manual_seed(0)
    head = Head(5, classes=2, dropout=0.0, one_logit=True)
    features, targets = torch.randn(9, 5), torch.arange(9) % 2
    logit = head.logits(features)[:, 0]
    both = head(features)
    torch.testing.assert_close(both.softmax(1)[:, 1], logit.sigmoid())
    expected = torch.nn.functional.binary_cross_entropy_with_logits(logit, targets.float())
    torch.testing.assert_close(torch.nn.functional.cross_entropy(both, targets), expected)


def test_one_logit_tells_no_more_than_two_classes_apart():
    with pytest.raises(ValueError, match="two classes apart, not 3"):
        Head(5, classes=3, dropout=0.0, one_logit=True)


@pytest.mark.parametrize("computes", [setup_fabric, choose_device])
def test_a_device_that_this_machine_lacks_is_told_in_one_line(computes: Callable):
    missing = "cuda" if not torch.cuda.is_available() else "mps"
    with pytest.raises(UserError, match=f"device: {missing}") as caught:
        computes(missing)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["cpu", "auto"])
def test_inference_chooses_the_device_that_training_does(name: str):
    assert choose_device(name).type == setup_fabric(name).device.type


def test_only_training_waits_for_lightning_fabric():
    imports = "import sys, brushprint.saliency.gradcam; print({'lightning_fabric', 'torch._dynamo'} & set(sys.modules))"
    assert run(REPOSITORY, sys.executable, "-c", imports) == "set()\n"


def test_inputs_are_the_pictures_between_zero_and_one_with_channels_first():
    taken = pictures(2, 8)
    inputs = as_input(taken)
    assert inputs.shape == (2, 3, 8, 8)
    torch.testing.assert_close(inputs[1, 2, 3, 4], taken[1, 3, 4, 2] / 255)
    assert inputs.is_contiguous(memory_format=torch.channels_last)


def test_the_scaling_imagenet_is_that_of_torchvision_s_weights():
    taken = pictures(2, 224)
    preset = models.ResNet18_Weights.IMAGENET1K_V1.transforms(crop_size=224, resize_size=224)
    expected = preset(taken.permute(0, 3, 1, 2))
    torch.testing.assert_close(as_input(taken, "imagenet"), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize("loss", ["cross-entropy", "binary-cross-entropy"])
def test_a_network_read_from_its_file_gives_the_same_logits(name: str, loss: str, tmp_path: Path):
    model = model_of(name, 32, ["ai", "human"], loss=loss, dropout=0.5, scaling="imagenet")
    model.network.train()(model.inputs(pictures(4, 32)))
    model.network.eval()
    save_model(tmp_path / "model.safetensors", model.network.state_dict(), model.about | {"task": "origin"})
    loaded = load_model(tmp_path / "model.safetensors")
    assert loaded.about == model.about | {"task": "origin"}
    assert not loaded.network.training
    assert loaded.layers == model.layers
    with torch.no_grad():
        assert torch.equal(loaded.network(loaded.inputs(pictures(4, 32))), model.network(model.inputs(pictures(4, 32))))


def test_saving_twice_gives_the_same_bytes(tmp_path: Path):
    model = model_of("cifake", 12, ["ai", "human"])
    state, said = model.network.state_dict(), model.about | {f"key {number}": number for number in range(20)}
    save_model(tmp_path / "one", state, said)
    save_model(tmp_path / "two", dict(reversed(state.items())), dict(reversed(said.items())))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_others_may_read_a_saved_network_as_the_umask_says(tmp_path: Path):
    model = model_of("cifake", 12, ["ai", "human"])
    before = os.umask(0o027)
    try:
        save_model(tmp_path / "model", model.network.state_dict(), model.about)
    finally:
        os.umask(before)
    assert (tmp_path / "model").stat().st_mode & 0o777 == 0o640


def file_of(name: str, tmp_path: Path) -> Path:
    """The weights of a library's network for 1,000 classes, as a file."""
    torch.manual_seed(1)
    save_file(models.get_model(name, weights=None).state_dict(), tmp_path / f"{name}.safetensors")
    return tmp_path / f"{name}.safetensors"


@pytest.mark.parametrize("name", ["resnet18", "squeezenet1_1", "mobilenet_v2"])
def test_a_network_begins_from_all_weights_but_the_head_s(name: str, tmp_path: Path):
    file = file_of(name, tmp_path)
    network = build(f"torchvision/{name}", 2, 64)
    head = {key: value.clone() for key, value in network.state_dict().items() if ".logits." in key}
    load_weights(network, file, f"torchvision/{name}")
    torch.manual_seed(1)
    published = models.get_model(name, weights=None).state_dict()
    for key, value in network.state_dict().items():
        assert torch.equal(value, head.get(key, published.get(key))), key


def test_weights_of_another_network_are_told_in_one_line(tmp_path: Path):
    network = build("torchvision/resnet18", 2, 64)
    for other, reason in {
        "resnet50": r"layer1.0.conv1.weight has the shape \[64, 64, 1, 1\], not \[64, 64, 3, 3\]",
        "resnet34": r"layer1\.2\.\S+ is none of its",
        "squeezenet1_1": r"conv1.weight is missing",
    }.items():
        with pytest.raises(UserError, match=rf"the weights are not those of torchvision/resnet18: {reason}") as caught:
            load_weights(network, file_of(other, tmp_path), "torchvision/resnet18")
        assert "\n" not in str(caught.value)


def test_weights_that_lack_some_are_not_taken(tmp_path: Path):
    network = build("torchvision/resnet18", 2, 64)
    with pytest.raises(KeyError, match=r"not the weights of this network: fc\.logits\.bias"):
        restore(network, {name: value for name, value in network.state_dict().items() if "fc" not in name})
