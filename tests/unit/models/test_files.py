"""Networks are saved to files and loaded from them, and start from pretrained weights."""

import os
import re
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
from brushprint.models.files import load_model, load_weights, restore, save_model
from brushprint.models.layers import FINEST_MAPS, recorded
from tests.conftest import ARCHITECTURES, model_of
from tests.support.networks import pictures

# The other models of torchvision are larger or smaller versions of these, except VGG, whose large files take seconds.
FAMILIES = (
    *("alexnet", "convnext_tiny", "densenet121", "efficientnet_v2_s", "googlenet", "inception_v3", "maxvit_t"),
    *("mnasnet0_5", "mobilenet_v2", "mobilenet_v3_small", "regnet_y_400mf", "resnext50_32x4d", "shufflenet_v2_x0_5"),
    *("squeezenet1_1", "swin_t", "swin_v2_t", "vit_b_32"),
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
def test_library_models_can_be_built_saved_loaded_and_given_pretrained_weights(
    name: str, side: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # The values of the random weights do not matter here, and drawing them takes most of the time.
    for drawn in ("kaiming_normal_", "kaiming_uniform_", "normal_", "trunc_normal_"):
        monkeypatch.setattr(torch.nn.init, drawn, lambda tensor, *_, **__: tensor.detach().fill_(0.01))
    with torch.no_grad():
        made = model_of(name, side, ["a", "b", "c"])
        save_model(tmp_path / "model", made.network.state_dict(), made.about)
        model = load_model(tmp_path / "model")
        save_file(weights.renamed(published(name), name), tmp_path / "weights")
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
    """Random weights with the names that a library's hub uses."""
    library, _, model = name.rpartition("/")
    if library == "timm":
        return timm.create_model(model).state_dict()
    state = models.get_model(model, weights=None).state_dict()
    # The published files of DenseNet use older names of its modules.
    return {re.sub(r"(denselayer.*)(norm|conv)([12])", r"\1\2.\3", key): value for key, value in state.items()}


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
    state, about = model.network.state_dict(), model.about | {f"key {number}": number for number in range(20)}
    save_model(tmp_path / "one", state, about)
    save_model(tmp_path / "two", dict(reversed(state.items())), dict(reversed(about.items())))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_the_umask_decides_who_may_read_a_saved_network(tmp_path: Path):
    model = model_of("cifake", 12, ["ai", "human"])
    before = os.umask(0o027)
    try:
        save_model(tmp_path / "model", model.network.state_dict(), model.about)
    finally:
        os.umask(before)
    assert (tmp_path / "model").stat().st_mode & 0o777 == 0o640


def file_of(name: str, tmp_path: Path) -> Path:
    """A file with random weights of a torchvision network for 1,000 classes."""
    torch.manual_seed(1)
    save_file(models.get_model(name, weights=None).state_dict(), tmp_path / f"{name}.safetensors")
    return tmp_path / f"{name}.safetensors"


@pytest.mark.parametrize("name", ["resnet18", "squeezenet1_1", "mobilenet_v2"])
def test_pretrained_weights_are_loaded_into_all_layers_except_the_head(name: str, tmp_path: Path):
    file = file_of(name, tmp_path)
    network = build(f"torchvision/{name}", 2, 64)
    head = {key: value.clone() for key, value in network.state_dict().items() if ".logits." in key}
    load_weights(network, file, f"torchvision/{name}")
    torch.manual_seed(1)
    published = models.get_model(name, weights=None).state_dict()
    for key, value in network.state_dict().items():
        assert torch.equal(value, head.get(key, published.get(key))), key


def test_weights_of_another_network_are_refused_in_one_line(tmp_path: Path):
    network = build("torchvision/resnet18", 2, 64)
    for other, reason in {
        "resnet50": r"layer1.0.conv1.weight has the shape \[64, 64, 1, 1\], not \[64, 64, 3, 3\]",
        "resnet34": r"layer1\.2\.\S+ is unknown",
        "squeezenet1_1": r"conv1.weight is missing",
    }.items():
        with pytest.raises(UserError, match=rf"these are not weights of torchvision/resnet18: {reason}") as caught:
            load_weights(network, file_of(other, tmp_path), "torchvision/resnet18")
        assert "\n" not in str(caught.value)


def test_incomplete_weights_are_refused(tmp_path: Path):
    network = build("torchvision/resnet18", 2, 64)
    with pytest.raises(KeyError, match=r"the weights belong to another network: fc\.logits\.bias"):
        restore(network, {name: value for name, value in network.state_dict().items() if "fc" not in name})
