import numpy as np
import pytest
import torch
from captum.attr import Occlusion
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from brushprint.core.errors import UserError
from brushprint.models.head import head_name
from brushprint.models.model import Model
from brushprint.saliency.gradcam import as_heat, grad_cam, heatmaps
from brushprint.saliency.occlusion import agreement, as_maps, drops, scaled, summary, under_patches, windows
from tests.conftest import ARCHITECTURES, model_of
from tests.support import planted
from tests.unit.saliency import test_gradcam
from tests.unit.saliency.test_gradcam import SIDE

# Three pictures only, because the network sees each once for every position of the patch.
TARGETS = test_gradcam.TARGETS[:3]


def pictures() -> torch.Tensor:
    return test_gradcam.pictures()[:3]


@pytest.fixture(params=ARCHITECTURES)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def random_model(name: str, **recipe: object) -> Model:
    torch.manual_seed(0)
    return model_of(name, SIDE, ["a", "b", "c"], **recipe)


def listen(model: Model) -> None:
    """Rescale a random network, whose answers hardly depend on the picture, so that they depend on it strongly."""
    logits = model.network.get_submodule(head_name(model.network)).logits
    with torch.no_grad():
        for module in model.network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = None
        model.network.train()(model.inputs(pictures()))
        said = model.network.eval()(model.inputs(pictures()))
        logits.weight.div_(said.std(0).mean())
        logits.bias.sub_(model.network(model.inputs(pictures())).mean(0))


def of_captum(model: Model, patch: int, stride: int) -> np.ndarray:
    """Captum's maps of `pictures`."""
    oracle = Occlusion(lambda inputs: model.network(inputs).softmax(1))
    grey = model.inputs(torch.full((1, SIDE, SIDE, 3), 127.5))
    with torch.no_grad():
        found = oracle.attribute(
            model.inputs(pictures()), (3, patch, patch), (3, stride, stride), baselines=grey, target=TARGETS
        )
    assert (found == found[:, :1]).all()
    return found[:, 0].numpy()


@pytest.mark.parametrize(("patch", "stride"), [(24, 24), (24, 15), (28, 18), (64, 64), (64, 1)])
def test_maps_match_captum(name: str, patch: int, stride: int):
    model, hidden = random_model(name, scaling="imagenet"), windows(SIDE, patch, stride)
    listen(model)
    found = as_maps(drops(model, pictures(), TARGETS, hidden), hidden)
    assert found.dtype == np.float32
    assert np.abs(found).max() > 1e-2
    np.testing.assert_allclose(found, of_captum(model, patch, stride), atol=1e-4)


@pytest.mark.parametrize("batch", [1, 7])
@pytest.mark.parametrize("name", ["conv3", "torchvision/resnet18"])
def test_the_size_of_the_batches_changes_nothing_but_rounding(name: str, batch: int, monkeypatch: pytest.MonkeyPatch):
    model, hidden = random_model(name), windows(SIDE, 24, 16)
    whole = drops(model, pictures(), TARGETS, hidden)
    monkeypatch.setattr("brushprint.saliency.occlusion.batch_size", lambda side: batch)
    np.testing.assert_allclose(drops(model, pictures(), TARGETS, hidden), whole, atol=1e-5)


def test_the_network_sees_each_picture_once_whole_and_once_per_position_of_the_patch(monkeypatch: pytest.MonkeyPatch):
    model, seen = random_model("conv3"), []
    model.network.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
    monkeypatch.setattr("brushprint.saliency.occlusion.batch_size", lambda side: 20)
    drops(model, pictures(), TARGETS, windows(SIDE, 16, 16))
    assert sum(seen) == len(TARGETS) * (1 + 4 * 4)
    assert max(seen) <= 20


@pytest.mark.parametrize("count", [0, 1])
def test_no_picture_and_one_picture_have_maps_but_no_agreement(name: str, count: int):
    hidden = windows(SIDE, 24, 24)
    found = drops(random_model(name), pictures()[:count], TARGETS[:count], hidden)
    assert found.shape == (count, 3, 3)
    maps = as_maps(found, hidden)
    assert maps.shape == (count, SIDE, SIDE)
    assert under_patches(maps, hidden).shape == found.shape
    own, null = agreement(found, found)
    assert len(own) == len(null) == count
    assert summary(own, null, 0)["agreement"] == {"value": None, "low": None, "high": None}


@settings(max_examples=60, deadline=None)
@given(st.integers(8, 300), st.integers(1, 128), st.data())
def test_the_patch_covers_every_pixel(side: int, patch: int, data: st.DataObject):
    stride = data.draw(st.integers(1, patch))
    hidden = windows(side, scaled(patch, side), scaled(stride, side))
    assert hidden.any(0).all()
    assert hidden.any(1).all()
    assert hidden[0].sum() == scaled(patch, side) <= side
    ones = np.ones((2, side, side), np.float32)
    np.testing.assert_allclose(under_patches(ones, hidden), 1, rtol=1e-5)
    np.testing.assert_allclose(as_maps(np.ones((2, len(hidden), len(hidden)), np.float32), hidden), 1, rtol=1e-5)


def test_settings_are_in_pixels_of_a_picture_of_128_pixels():
    assert [scaled(24, side) for side in (8, 32, 48, 64, 128, 256)] == [2, 6, 9, 12, 24, 48]
    assert scaled(1, 8) == 1


def of_the_mark(model: Model) -> tuple[float, float]:
    """The mean drop in probability where a planted mark is hidden, and the largest change anywhere else."""
    pixels, colours = planted.pictures(40, seed=3)
    hidden = windows(planted.SIDE, 8, 4)
    maps = as_maps(drops(model, torch.from_numpy(pixels), torch.from_numpy(colours), hidden), hidden).mean(0)
    mark = np.zeros_like(maps, dtype=bool)
    mark[planted.ROWS, planted.COLUMNS] = True
    return float(maps[mark].mean()), float(np.abs(maps[~mark]).max())


def test_hiding_a_planted_cue_lowers_the_probability_most():
    mark, others = of_the_mark(planted.learned())
    assert mark > 0.2
    assert mark > 2 * others


@pytest.mark.parametrize("seed", range(4))
def test_hiding_the_cue_hardly_changes_the_answers_of_a_network_with_random_weights(seed: int):
    torch.manual_seed(seed)
    mark, _ = of_the_mark(model_of("conv3", planted.SIDE, planted.CLASSES))
    assert abs(mark) < 0.02


def test_grad_cam_and_occlusion_agree_for_a_network_that_adds_up_brightness():
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 100, (40, 24, 24, 3), dtype=np.uint8)
    for picture, (top, left) in zip(pixels, generator.integers(0, 16, (40, 2)), strict=True):
        picture[top : top + 8, left : left + 8] += 150
    brightness = torch.nn.Conv2d(3, 1, 3, padding=1)
    network = torch.nn.Sequential(brightness, torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(1, 2))
    with torch.no_grad():
        brightness.weight.fill_(1 / 27)
        network[3].weight.copy_(torch.tensor([[1.0], [-1.0]]))
    model = Model(network, {"scaling": "unit"})
    given, first, hidden = torch.from_numpy(pixels), torch.zeros(40, dtype=torch.int64), windows(24, 6, 3)
    heat = as_heat(grad_cam(network, "0", model.inputs(given), first), 24).numpy()
    told = summary(*agreement(under_patches(heat, hidden), drops(model, given, first, hidden)), seed=0)
    assert told["pictures"] == 40
    assert told["agreement"]["low"] > 0.6
    assert told["difference"]["low"] > 0.4


def test_maps_that_share_only_a_common_pattern_agree_no_more_than_their_null():
    generator = np.random.default_rng(0)
    shared = generator.random((1, 6, 6))
    maps, others = (shared + generator.random((80, 6, 6)) for _ in range(2))
    told = summary(*agreement(maps, others), seed=0)
    assert told["agreement"]["value"] > 0.3
    assert told["difference"]["low"] < 0 < told["difference"]["high"]


def test_the_agreement_is_spearmans_correlation_and_its_null_the_mean_with_all_other_pictures():
    generator = np.random.default_rng(0)
    maps, others = generator.integers(0, 5, (2, 5, 3, 3))
    every = np.array([[spearmanr(a.ravel(), b.ravel()).statistic for b in others] for a in maps])
    own, null = agreement(maps, others)
    np.testing.assert_allclose(own, np.diag(every))
    np.testing.assert_allclose(null, (every.sum(1) - np.diag(every)) / 4)


@pytest.mark.filterwarnings("error")
def test_a_constant_map_is_excluded():
    generator = np.random.default_rng(0)
    maps, others = generator.random((2, 4, 3, 3))
    maps[0], others[1] = 0, 1
    own, null = agreement(maps, others)
    assert np.isnan(own).tolist() == [True, True, False, False]
    assert np.isnan(null).tolist() == [True, False, False, False]
    told = summary(own, null, seed=0)
    assert told["pictures"] == 2
    assert told == summary(own, null, seed=0)


def test_a_device_that_this_machine_lacks_is_reported_in_one_line():
    missing = "cuda" if not torch.cuda.is_available() else "mps"
    for explained in (heatmaps, lambda *given: drops(*given[:3], windows(SIDE, 24, 24), given[3])):
        with pytest.raises(UserError, match=f"device: {missing}") as caught:
            explained(random_model("conv3"), pictures(), TARGETS, missing)
        assert "\n" not in str(caught.value)
