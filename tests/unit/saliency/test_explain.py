import json

import numpy as np
import pandas as pd
import pytest
import torch

from brushprint.saliency.example_selection import choose, draw_panels
from brushprint.saliency.explain import Explanations, explain
from brushprint.saliency.gradcam import heatmaps
from brushprint.saliency.occlusion import agreement, as_maps, drops, under_patches, windows
from tests.support import planted

SETTINGS = {"pictures": 2, "panel": 3, "occlusion": {"patch": 43, "stride": 43}, "seed": 5, "device": "cpu"}


def drawn() -> tuple[np.ndarray, pd.DataFrame, pd.DataFrame]:
    """Pixels of twice as many pictures as are tested; the test pictures, some misclassified; and their clusters."""
    pixels, colours = planted.pictures(60, seed=4)
    test = planted.table(planted.learned(), pixels, colours).iloc[::2].reset_index(drop=True)
    test["label"] = np.array(planted.CLASSES)[colours[::2]]
    # Swap the labels of some pictures, so that the network misclassifies them.
    test.loc[::5, "label"] = test.loc[::5, "predicted"].map({"red": "blue", "blue": "red"})
    test["outcome"] = np.where(test["label"] == test["predicted"], "correct", "misclassified")
    test["probability"] = np.random.default_rng(0).random(30)
    points = test[["image_id", "outcome"]].iloc[::-1].reset_index(drop=True)
    for space in ("2d", "full"):
        points[f"cluster_{space}"], points[f"distance_{space}"] = np.arange(30) % 2, np.arange(30.0)
    return pixels, test, points


@pytest.fixture(scope="module")
def explained() -> Explanations:
    pixels, test, points = drawn()
    return explain(planted.learned(), pixels, test, points, **SETTINGS)


def test_each_picture_is_explained_once_even_if_several_panels_show_it(explained: Explanations) -> None:
    _, test, points = drawn()
    arrays = explained.arrays
    shown = pd.concat([choose(points, 2), draw_panels(test, 3, 5)])
    assert arrays["image_id"][arrays["shown_row"]].tolist() == shown["image_id"].tolist()
    assert arrays["shown_panel"].tolist() == shown["panel"].tolist()
    assert arrays["shown_cluster"].tolist() == shown["cluster"].fillna(-1).tolist()
    assert arrays["image_id"].tolist() == test.loc[test["image_id"].isin(shown["image_id"]), "image_id"].tolist()
    counts = shown["panel"].value_counts(sort=False).to_dict()
    assert (explained.summary["asked"], explained.summary["shown"]) == (3, counts)


def test_the_maps_explain_the_predicted_class_of_each_picture(explained: Explanations) -> None:
    pixels, test, _ = drawn()
    arrays, model = explained.arrays, planted.learned()
    rows = test.set_index("image_id").loc[arrays["image_id"]]
    np.testing.assert_array_equal(arrays["picture"], pixels[rows["row"]])
    for name in ("label", "predicted", "probability"):
        assert arrays[name].tolist() == rows[name].tolist()
    tensors = torch.from_numpy(arrays["picture"]), torch.tensor(rows["predicted"].map(model.classes.index).to_numpy())
    np.testing.assert_array_equal(arrays["heat"], heatmaps(model, *tensors))
    # The settings are for 128 pixels: a patch of 43 pixels becomes one of 8 in a picture of 24.
    hidden = windows(24, 8, 8)
    falls = drops(model, *tensors, hidden)
    np.testing.assert_array_equal(arrays["occlusion"], as_maps(falls, hidden))
    own, null = agreement(under_patches(arrays["heat"], hidden), falls)
    np.testing.assert_array_equal(explained.numbers[["agreement", "null"]], np.stack([own, null], axis=1))
    assert explained.numbers["image_id"].tolist() == arrays["image_id"].tolist()
    assert explained.summary["occlusion"] == {"side": 24, "patch": 8, "stride": 8, "places": 9}
    assert explained.summary["agreement"]["value"] == pytest.approx(np.nanmean(own[np.isfinite(null)]))
    assert json.loads(json.dumps(explained.summary, allow_nan=False)) == explained.summary
