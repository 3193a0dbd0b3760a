import numpy as np
import pandas as pd
import pytest
import torch

from brushprint.saliency.faithfulness import cascade, curves, judged
from brushprint.saliency.profiles import profiles
from brushprint.saliency.region_analysis import GROUPS, RegionAnalysis, analyse_regions, groups_of
from brushprint.saliency.regions import effects
from brushprint.stats.allocation import stratified
from tests.support import planted

FACES = pd.DataFrame({"image_id": ["id4"], "left": [0.1], "top": [0.2], "width": [0.3], "height": [0.3]})
SETTINGS = {"random_networks": 2, "seed": 1, "checked": 6, "checking_seed": 2, "device": "cpu"}


def drawn() -> tuple[np.ndarray, pd.DataFrame, pd.DataFrame]:
    """Pixels; test pictures with all labels, some without a style; and their clusters, in another order."""
    pixels, colours = planted.pictures(24, seed=4)
    test = planted.table(planted.learned(), pixels, colours)
    test["label"] = np.array(planted.CLASSES)[colours]
    test["origin"] = np.where(np.arange(24) % 2, "ai", "human")
    test["source"] = np.where(np.arange(24) % 2, "dalle", "human")
    test["style"] = [None, "baroque", "realism"] * 8
    test.loc[:6, "outcome"] = "misclassified"
    points = test[["image_id", "outcome"]].iloc[::-1].reset_index(drop=True)
    return pixels, test, points.assign(cluster_2d=np.arange(24) % 3, cluster_full=np.arange(24) % 2)


@pytest.fixture(scope="module")
def analysed() -> RegionAnalysis:
    pixels, test, points = drawn()
    return analyse_regions(planted.learned(), pixels, test, points, FACES, **SETTINGS)


def test_groups_keep_the_order_of_the_points_and_cluster_names_include_the_outcome() -> None:
    _, test, points = drawn()
    table = groups_of(test, points)
    assert table["image_id"].tolist() == points["image_id"].tolist()
    rows = table.set_index("image_id")
    # The points are in reverse order: the last picture is the first point.
    assert rows.loc["id23", ["2d cluster", "full cluster"]].tolist() == ["correct 0", "correct 0"]
    assert rows.loc["id4", ["2d cluster", "full cluster"]].tolist() == ["misclassified 1", "misclassified 1"]
    assert rows.loc["id4", "outcome and style"] == "misclassified baroque"
    assert pd.isna(rows.loc["id3", "outcome and style"])
    assert set(GROUPS) < set(table.columns)


def test_heat_is_measured_on_all_pictures_and_summarised_for_all_groups(analysed: RegionAnalysis) -> None:
    pixels, test, points = drawn()
    table = groups_of(test, points)
    how = {"groups": GROUPS, "random_networks": 2, "seed": 1, "device": "cpu"}
    shares, mean_maps = profiles(planted.learned(), pixels, table, FACES, **how)
    pd.testing.assert_frame_equal(analysed.shares, shares, check_exact=True)
    pd.testing.assert_frame_equal(analysed.mean_maps, mean_maps)
    pd.testing.assert_frame_equal(analysed.effects, effects(shares, table, GROUPS))
    assert set(analysed.effects["by"]) == {"all", *GROUPS}


def test_the_faithfulness_is_checked_on_a_sample(analysed: RegionAnalysis) -> None:
    pixels, test, points = drawn()
    table = groups_of(test, points)
    some = table.iloc[stratified(table["label"], 6, 2)]
    model = planted.learned()
    tensors = torch.from_numpy(pixels[some["row"]]), torch.tensor(some["predicted"].map(model.classes.index).to_numpy())
    expected = curves(model, *tensors, seed=2, device="cpu")
    found = analysed.curves
    assert found.columns.tolist() == ["image_id", *expected.columns.drop("picture")]
    assert found["image_id"].unique().tolist() == some["image_id"].tolist()
    np.testing.assert_array_equal(found.drop(columns="image_id"), expected.drop(columns="picture"))
    randomised = cascade(model, *tensors, seed=2, device="cpu")
    assert analysed.faithfulness == {**judged(expected), "cascade": randomised}
