"""Faithfulness: whether the maps show what the network depends on."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import spearmanr

from brushprint.models.layers import blocks
from brushprint.models.model import Model, random_like
from brushprint.saliency import faithfulness
from brushprint.saliency.faithfulness import SHARES, STAGES, cascade, curves, judged
from brushprint.saliency.gradcam import maps_of
from tests.conftest import ARCHITECTURES, model_of
from tests.support import planted

CPU = torch.device("cpu")


def given(model: Model, count: int, seed: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    pixels, colours = planted.pictures(count, seed)
    named = planted.table(model, pixels, colours)["predicted"]
    return torch.from_numpy(pixels), torch.tensor([planted.CLASSES.index(name) for name in named])


def random_model(architecture: str, seed: int, side: int = planted.SIDE) -> Model:
    torch.manual_seed(seed)
    return model_of(architecture, side, planted.CLASSES)


@pytest.fixture(scope="module")
def cue_curves() -> pd.DataFrame:
    model = planted.learned()
    return curves(model, *given(model, 40), seed=0, device="cpu")


def test_hiding_and_showing_the_hottest_pixels_detects_a_planted_cue(cue_curves: pd.DataFrame) -> None:
    told = judged(cue_curves)
    assert told["faithful"], told
    assert told["deletion"]["better"]["value"] > 0.05
    assert told["insertion"]["better"]["value"] > 0.05


@pytest.mark.parametrize("architecture", ["conv3", "cifake", "simple-cnn"])
@pytest.mark.parametrize("seed", range(3))
def test_in_a_network_with_random_weights_no_effect_is_reported(architecture: str, seed: int) -> None:
    model = random_model(architecture, 1000 + seed)
    told = judged(curves(model, *given(model, 24), seed=seed, device="cpu"))
    assert not told["faithful"], told


def test_all_curves_start_and_end_at_the_whole_or_the_hidden_picture(cue_curves: pd.DataFrame) -> None:
    first, last = (cue_curves[cue_curves["share"] == share].reset_index(drop=True) for share in (SHARES[0], SHARES[-1]))
    for name in ("deletion", "insertion"):
        np.testing.assert_allclose(first[f"gradcam_{name}"], first[f"random_{name}"], atol=1e-6)
        np.testing.assert_allclose(last[f"gradcam_{name}"], last[f"random_{name}"], atol=1e-6)
    np.testing.assert_allclose(first["gradcam_deletion"], last["gradcam_insertion"], atol=1e-6)
    assert first["gradcam_deletion"].mean() > 0.9
    assert len(cue_curves) == 40 * len(SHARES)


def test_the_hottest_pixels_come_first_and_equally_hot_pixels_in_random_order() -> None:
    maps = torch.zeros(2, 4, 4)
    maps[:, 3, 0] = 1
    rank = faithfulness._hottest_first(maps, 8, torch.Generator().manual_seed(0))
    assert sorted(rank[0].flatten().tolist()) == list(range(64))
    assert rank[0, 7, 0] < 4
    cold = rank[:, :4, 4:].flatten(1)
    assert not torch.equal(cold[0], cold[1])
    assert abs(cold.float().mean() - rank[:, :4, :4].float().mean()) < 12


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_cascade_ends_in_a_network_with_random_weights(architecture: str) -> None:
    model = random_model(architecture, 0, side=32)
    pictures = torch.randint(0, 256, (6, 32, 32, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    classes = torch.tensor([0, 1] * 3)
    before = {name: value.clone() for name, value in model.network.state_dict().items()}
    told = cascade(model, pictures, classes, seed=3, device="cpu")
    layers = [name for stage in told["stages"] for name in stage["layers"]]
    assert told["stages"][0]["layers"] == []
    assert len(told["stages"]) <= STAGES + 1
    assert layers[0].startswith(blocks(model.network)[-1])
    assert len(set(layers)) == len(layers)
    one, other = (maps_of(each, pictures, classes, CPU) for each in (model, random_like(model, 3)))
    expected = [spearmanr(a.flatten(), b.flatten()).statistic for a, b in zip(one, other, strict=True) if a.any()]
    found = told["stages"][-1]["similarity"]["value"]
    assert found == pytest.approx(np.nanmean(expected), abs=1e-6)
    after = model.network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_maps_lose_their_similarity_when_the_learned_weights_are_randomised() -> None:
    model = planted.learned()
    told = cascade(model, *given(model, 30), seed=1, device="cpu")
    assert told["stages"][0]["similarity"]["value"] == pytest.approx(1)
    assert told["left"] < 0.5
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_two_runs_give_the_same_bits() -> None:
    model = planted.learned()
    one, other = (curves(model, *given(model, 12), seed=0, device="cpu") for _ in range(2))
    pd.testing.assert_frame_equal(one, other, check_exact=True)


@pytest.mark.parametrize("pictures", [1, 2, 9])
def test_too_few_pictures_give_a_reason_in_place_of_a_result(pictures: int) -> None:
    model = planted.learned()
    told = judged(curves(model, *given(model, pictures), seed=0, device="cpu"))
    assert (told["faithful"], told["why"]) == (False, "fewer than 10 pictures")
    randomised = cascade(model, *given(model, pictures), seed=0, device="cpu")
    assert json.loads(json.dumps([told, randomised], allow_nan=False)) == [told, randomised]


def test_maps_without_heat_have_no_similarity() -> None:
    model = random_model("conv3", 0)
    torch.nn.init.zeros_(model.network.get_submodule("head.logits").weight)
    told = cascade(model, *given(model, 12), seed=0, device="cpu")
    assert told["stages"][0]["similarity"]["value"] is None
    assert told["stages"][0]["without"] == 12
    assert told["left"] is None
