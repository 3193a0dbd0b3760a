import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

from brushprint.models.inputs import as_input
from brushprint.models.model import Model
from brushprint.saliency.gradcam import as_heat, grad_cam, heatmaps
from tests.conftest import ARCHITECTURES, model_of
from tests.support import planted

TARGETS = torch.tensor([0, 1, 2, 1, 0, 2])
SIDE = 64


@pytest.fixture(params=ARCHITECTURES)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def random_model(name: str) -> Model:
    # With these seeds, every picture has some heat in the random networks.
    torch.manual_seed(4 if name == "tapering-cnn" else 0)
    return model_of(name, SIDE, ["a", "b", "c"])


def random_network(name: str) -> tuple[torch.nn.Module, str]:
    model = random_model(name)
    return model.network, model.layers.gradcam


def pictures() -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (len(TARGETS), SIDE, SIDE, 3), dtype=torch.uint8, generator=generator)


def test_maps_match_captum(name: str):
    network, layer = random_network(name)
    inputs = as_input(pictures())
    oracle = LayerGradCam(network, network.get_submodule(layer))
    expected = oracle.attribute(inputs, TARGETS, relu_attributions=True).sum(1).detach()
    found = grad_cam(network, layer, inputs, TARGETS)
    assert (found.amax(dim=(1, 2)) > 0).all()
    scale = expected.amax(dim=(1, 2), keepdim=True).clamp_min(1e-12)
    torch.testing.assert_close(found / scale, expected / scale, atol=1e-4, rtol=0)


def test_heatmaps_match_the_package_grad_cam(name: str):
    model = random_model(name)
    with GradCAM(model.network, [model.network.get_submodule(model.layers.gradcam)]) as oracle:
        chosen = [ClassifierOutputTarget(target) for target in TARGETS.tolist()]
        expected = oracle(as_input(pictures()), chosen)
    found = heatmaps(model, pictures(), TARGETS)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_the_map_depends_on_the_requested_class(name: str):
    model = random_model(name)
    one, other = (heatmaps(model, pictures(), classes) for classes in (TARGETS, 2 - TARGETS))
    unchanged = [np.allclose(one[index], other[index], atol=1e-4) for index in range(len(TARGETS))]
    assert not all(unchanged)
    assert all(unchanged[index] for index in (1, 3))


@pytest.mark.parametrize("batch", [1, 4])
def test_a_picture_has_the_same_heat_alone_as_in_a_batch(name: str, batch: int, monkeypatch: pytest.MonkeyPatch):
    model = random_model(name)
    whole = heatmaps(model, pictures(), TARGETS)
    monkeypatch.setattr("brushprint.saliency.gradcam.batch_size", lambda side: batch)
    np.testing.assert_allclose(heatmaps(model, pictures(), TARGETS), whole, atol=1e-4)


def test_explaining_leaves_network_and_inputs_as_they_were(name: str):
    network, layer = random_network(name)
    inputs = as_input(pictures())
    with torch.no_grad():
        grad_cam(network, layer, inputs, TARGETS)
    assert not inputs.requires_grad
    assert all(parameter.grad is None for parameter in network.parameters())
    assert not any(module._forward_hooks for module in network.modules())


def through_the_whole_network(
    network: torch.nn.Module, layer: str, inputs: torch.Tensor, classes: torch.Tensor
) -> torch.Tensor:
    """Grad-CAM with gradients recorded through every layer, as a reference."""
    kept = {}
    handle = network.get_submodule(layer).register_forward_hook(
        lambda _, __, output: kept.update(maps=output) or output.clone()
    )
    logits = network(inputs.clone().requires_grad_())
    handle.remove()
    (gradients,) = torch.autograd.grad(logits.gather(1, classes[:, None]).sum(), kept["maps"])
    return (gradients.mean(dim=(2, 3), keepdim=True) * kept["maps"]).sum(1).relu().detach()


@pytest.mark.parametrize(
    ("name", "side", "layer"),
    [
        *((name, SIDE, None) for name in ARCHITECTURES),
        # The step after each of the first three layers changes its output in place: a ReLU, an addition and a ReLU.
        ("torchvision/vgg11", SIDE, "features.8"),
        ("torchvision/resnet18", SIDE, "layer3.1.bn2"),
        ("torchvision/densenet121", 128, "features"),
        ("torchvision/vit_b_32", 224, "conv_proj"),
    ],
)
def test_recording_gradients_only_after_the_layer_gives_the_same_maps(name: str, side: int, layer: str | None):
    torch.manual_seed(0)
    model = model_of(name, side, ["a", "b", "c"])
    layer = layer or model.layers.gradcam
    inputs = as_input(torch.randint(0, 256, (3, side, side, 3), dtype=torch.uint8))
    expected = through_the_whole_network(model.network, layer, inputs, TARGETS[:3])
    torch.testing.assert_close(grad_cam(model.network, layer, inputs, TARGETS[:3]), expected, atol=1e-6, rtol=1e-5)
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("enabled", [True, False])
def test_a_network_that_fails_leaves_no_hook_and_the_grad_mode_as_it_was(enabled: bool):
    network, layer = random_network("conv3")
    with torch.set_grad_enabled(enabled):
        for wrong in (TARGETS + 3, TARGETS[:2, None]):
            with pytest.raises((RuntimeError, IndexError)):
                grad_cam(network, layer, as_input(pictures()), wrong)
            assert torch.is_grad_enabled() == enabled
    assert not any(module._forward_hooks for module in network.modules())


@pytest.mark.parametrize("device", ["cpu", "auto"])
def test_a_network_trained_in_bfloat16_is_explained_in_bfloat16(name: str, device: str):
    exact = random_model(name)
    rough = Model(exact.network, exact.about | {"precision": "bf16-mixed"})
    expected, found = (heatmaps(model, pictures(), TARGETS, device) for model in (exact, rough))
    assert found.dtype == np.float32
    assert not np.array_equal(found, expected)
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.95


def test_frozen_layers_are_explained_too(name: str):
    network, layer = random_network(name)
    inputs = as_input(pictures())
    expected = grad_cam(network, layer, inputs, TARGETS)
    assert torch.equal(grad_cam(network.requires_grad_(False), layer, inputs, TARGETS), expected)


def test_without_pictures_there_are_no_maps(name: str):
    assert heatmaps(random_model(name), pictures()[:0], TARGETS[:0]).shape == (0, SIDE, SIDE)


def test_heat_is_scaled_from_zero_to_one_and_a_map_of_zeros_stays_zero():
    maps = torch.stack([torch.zeros(4, 4), torch.arange(16.0).reshape(4, 4), torch.eye(4) * 1e-3])
    heat = as_heat(maps, 16)
    assert not heat[0].any()
    torch.testing.assert_close(heat.amin(dim=(1, 2))[1:], torch.zeros(2))
    torch.testing.assert_close(heat.amax(dim=(1, 2))[1:], torch.ones(2), atol=1e-3, rtol=0)


def test_the_heat_lies_on_a_planted_cue():
    pixels, colours = planted.pictures(40, seed=3)
    heat = heatmaps(planted.learned(), torch.from_numpy(pixels), torch.from_numpy(colours))
    mark = heat[:, planted.ROWS, planted.COLUMNS]
    assert mark.mean() > 2 * (heat.sum() - mark.sum()) / (heat.size - mark.size)
