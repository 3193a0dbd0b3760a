"""The heat in each region of the picture, compared with null conditions."""

import numpy as np
import pandas as pd
import pytest
import torch

from brushprint.models.model import Model
from brushprint.saliency import profiles
from brushprint.saliency.gradcam import maps_of
from brushprint.saliency.profiles import Profiles
from brushprint.saliency.regions import CONDITIONS, FIXED, MAP, REGIONS, effects
from tests.conftest import ARCHITECTURES, model_of
from tests.support import planted

NO_FACES = pd.DataFrame(columns=["image_id", "left", "top", "width", "height"])


def measured(
    model: Model, pixels: np.ndarray, table: pd.DataFrame, boxes: pd.DataFrame = NO_FACES, **changes: object
) -> Profiles:
    settings = {"groups": ["outcome"], "random_networks": 8, "seed": 1, "device": "cpu"} | changes
    return profiles.profiles(model, pixels, table, boxes, **settings)


@pytest.fixture(scope="module")
def cue() -> tuple[Model, np.ndarray, pd.DataFrame]:
    pixels, colours = planted.pictures(200, seed=1)
    model = planted.learned()
    return model, pixels, planted.table(model, pixels, colours)


@pytest.fixture(scope="module")
def cue_shares(cue: tuple) -> Profiles:
    return measured(*cue)


def found_in_all(shares: pd.DataFrame, table: pd.DataFrame) -> pd.Series:
    judged = effects(shares, table, [])
    return judged.set_index("region")["effect"]


def test_a_mark_in_the_lower_left_draws_the_heat_there(cue: tuple, cue_shares: Profiles) -> None:
    found = found_in_all(cue_shares.shares, cue[2])
    assert found[["lower", "left"]].tolist() == ["more"] * 2
    assert found[["upper", "right"]].tolist() == ["less"] * 2


@pytest.mark.parametrize("condition", ["random", "grey"])
def test_a_null_condition_shows_no_effect(cue: tuple, cue_shares: Profiles, condition: str) -> None:
    shares = cue_shares.shares
    null = shares[shares["condition"] == condition].assign(condition="trained")
    others = shares[shares["condition"] != "trained"]
    assert (found_in_all(pd.concat([null, others]), cue[2]) == "none").all()


def test_in_flipped_pictures_the_heat_follows_the_mark(cue: tuple, cue_shares: Profiles) -> None:
    shares = cue_shares.shares.groupby("condition")[["upper", "lower", "left"]].mean()
    assert shares.loc["flipped", "upper"] > 2 * shares.loc["flipped", "lower"]
    assert shares.loc["flipped", "left"] > 0.6


def test_every_picture_has_one_row_per_condition(cue: tuple, cue_shares: Profiles) -> None:
    shares, table = cue_shares.shares, cue[2]
    assert shares["image_id"].tolist() == table["image_id"].tolist() * len(CONDITIONS)
    assert shares["condition"].tolist() == np.repeat(CONDITIONS, len(table)).tolist()
    by_network = shares.loc[shares["condition"] == "random", "network"].value_counts()
    assert by_network.to_dict() == dict.fromkeys(range(8), 25)


def test_shares_of_complementary_regions_add_up_to_one(cue_shares: Profiles) -> None:
    hot = cue_shares.shares.dropna(subset="upper")
    for parts in (["upper", "middle", "lower"], ["left", "right"], ["centre", "border"]):
        np.testing.assert_allclose(hot[parts].sum(axis=1), 1)
    assert hot[list(FIXED)].min().min() >= 0


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_shares_match_the_enlarged_map(architecture: str) -> None:
    torch.manual_seed(4 if architecture == "tapering-cnn" else 0)
    model = model_of(architecture, 96, planted.CLASSES)
    pixels = np.random.default_rng(0).integers(0, 256, (6, 96, 96, 3), dtype=np.uint8)
    table = pd.DataFrame({"image_id": list("abcdef"), "row": range(6), "predicted": ["red", "blue"] * 3})
    found = measured(model, pixels, table, groups=[]).shares.query("condition == 'trained'")
    assert found["lower"].notna().sum() > 2
    for picture, row in enumerate(found.itertuples()):
        if np.isnan(row.lower):
            continue
        named = torch.tensor([planted.CLASSES.index(table["predicted"][picture])])
        maps = maps_of(model, torch.from_numpy(pixels[picture : picture + 1]), named, torch.device("cpu"))
        large = torch.nn.functional.interpolate(maps[None], size=(48, 48), mode="bilinear", antialias=True)[0, 0]
        assert row.lower == pytest.approx(float(large[32:].sum() / large.sum()), abs=1e-5)
        assert row.left == pytest.approx(float(large[:, :24].sum() / large.sum()), abs=1e-5)


def test_mean_maps_are_means_over_the_pictures_of_a_group(cue: tuple, cue_shares: Profiles) -> None:
    maps = cue_shares.mean_maps
    assert set(zip(maps["condition"], maps["by"], strict=True)) == {
        *((condition, "all") for condition in CONDITIONS),
        ("trained", "outcome"),
    }
    everything = maps[(maps["condition"] == "trained") & (maps["by"] == "all")].iloc[0]
    heat = np.reshape(everything["map"], (MAP, MAP))
    assert heat.sum() == pytest.approx(1, abs=1e-5)
    trained = cue_shares.shares.query("condition == 'trained'")
    assert heat[16:].sum() == pytest.approx(trained["lower"].mean(), abs=1e-5)
    assert everything["pictures"] == len(cue[2])


def test_the_plain_half_is_the_one_without_detail() -> None:
    pixels = np.full((2, 48, 48, 3), 128, np.uint8)
    pixels[0, :, 24:] = np.random.default_rng(0).integers(0, 256, (48, 24, 3), dtype=np.uint8)
    half = profiles._plain(torch.from_numpy(pixels)).numpy()
    assert half[0, :, :22].mean() > 0.95
    assert half[0, :, 26:].mean() < 0.05
    assert half[0].sum() == pytest.approx(48 * 48 / 2)
    assert np.isnan(half[1]).all()


def test_face_boxes_become_masks_and_areas() -> None:
    boxes = pd.DataFrame({"image_id": ["a", "a"], "left": [0.25, 0.5], "top": [0.0, 0.0], "width": 0.5, "height": 0.5})
    faces = profiles._Faces(pd.Series(["a", "b"]), boxes)
    masks = faces.covered(np.array([0, 1])).numpy()
    assert masks[0, :24, 12:48].all()
    assert masks[0].sum() == 24 * 36
    assert np.isnan(masks[1]).all()
    assert faces.areas == {"a": 24 * 36 / 48**2}


def test_only_pictures_with_faces_have_a_share_of_heat_on_faces(cue: tuple) -> None:
    model, pixels, table = cue
    boxes = pd.DataFrame({"image_id": ["id3"], "left": [0.0], "top": [0.6], "width": [0.4], "height": [0.4]})
    shares = measured(model, pixels, table, boxes).shares
    known = shares.dropna(subset="faces")
    assert set(known["image_id"]) == {"id3"}
    upright, upside_down = (known.loc[known["condition"] == name, "faces"].item() for name in ("trained", "flipped"))
    assert min(upright, upside_down) > 0.16


def test_two_runs_give_the_same_bits_and_batches_do_not_matter(cue: tuple, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = (measured(*cue) for _ in range(2))
    pd.testing.assert_frame_equal(one.shares, other.shares, check_exact=True)
    monkeypatch.setattr("brushprint.saliency.profiles.batch_size", lambda side: 7)
    pd.testing.assert_frame_equal(measured(*cue).shares, one.shares, atol=1e-5, rtol=0)


@pytest.mark.parametrize("pictures", [1, 2, 5])
def test_fewer_pictures_than_random_networks_give_a_reason_in_place_of_a_result(pictures: int) -> None:
    pixels, colours = planted.pictures(pictures, seed=3)
    model = planted.learned()
    table = planted.table(model, pixels, colours)
    found = measured(model, pixels, table, random_networks=8)
    judged = effects(found.shares, table, ["outcome"])
    assert set(judged["why"]) == {"fewer than 10 pictures"}
    assert set(judged["region"]) == set(REGIONS)


def test_a_map_without_heat_is_excluded_everywhere() -> None:
    model = planted.learned()
    pixels, colours = planted.pictures(12, seed=3)
    table = planted.table(model, pixels, colours)
    cold = model_of("conv3", planted.SIDE, planted.CLASSES)
    torch.nn.init.zeros_(cold.network.get_submodule("head.logits").weight)
    found = measured(cold, pixels, table)
    trained = found.shares.query("condition == 'trained'")
    assert trained[list(REGIONS)].isna().all().all()
    judged = effects(found.shares, table, ["outcome"])
    assert (judged["pictures"] == 0).all()
    assert (judged["effect"] == "none").all()
    assert (found.mean_maps.query("condition == 'trained'")["pictures"] == 0).all()
