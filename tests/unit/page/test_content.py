"""The gallery shows pictures that every split tests; each figure of a variant is shown beside its baseline."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnx
import pandas as pd
import pytest

from brushprint.core.errors import UserError
from brushprint.page.content import about_picture, about_variant, gallery
from brushprint.predict.answer import FACTS


def catalogue(pictures: int) -> pd.DataFrame:
    """Two human pictures for each AI one; every fifth picture is a TIFF, which browsers do not open."""
    return pd.DataFrame(
        {
            "image_id": [f"{number:03}" for number in range(pictures)],
            "source": ["human", "human", "generator"] * (pictures // 3),
            "format": ["TIFF", "JPEG", "PNG", "JPEG", "PNG"] * (pictures // 5),
        }
    )


def split(table: pd.DataFrame, tests: slice) -> pd.DataFrame:
    return pd.DataFrame({"image_id": table["image_id"], "partition": "train"}).assign(
        partition=lambda rows: rows["partition"].mask(rows.index.isin(rows.index[tests]), "test")
    )


def test_the_gallery_shows_the_same_number_of_test_pictures_of_each_source():
    table = catalogue(60)
    shown = gallery(table, [split(table, slice(50)), split(table, slice(10, 60))], seed=1, count=12)
    assert dict(shown["source"].value_counts()) == {"human": 6, "generator": 6}
    assert shown["image_id"].between("010", "049").all()
    assert "TIFF" not in set(shown["format"])
    assert list(shown["source"]) != sorted(shown["source"])


def test_a_gallery_without_enough_pictures_is_refused():
    table = catalogue(60)
    with pytest.raises(UserError, match=r"needs 12 pictures .* there are only 8"):
        gallery(table, [split(table, slice(30)), split(table, slice(20, 60))], seed=1, count=12)


def about(folder: Path, classes: Sequence[str] = ("ai", "human"), **changes: object) -> dict[str, Any]:
    """The facts of a variant whose metrics have some changes."""
    interval = {"value": 0.5, "low": 0.4, "high": 0.6}
    verdict = {"human_called_ai": interval, "ai_called_human": interval}
    metrics = {
        "classes": classes,
        "folds": 0,
        "validation": {},
        "test": {"pictures": 1300, "accuracy": interval, "majority": 0.67},
        "detection": {"balanced_accuracy": interval},
        "verdict": {"test": verdict | {"always": {share: {"value": 0.2} for share in verdict}}},
    }
    model = onnx.helper.make_model(onnx.helper.make_graph([], "none", [], []))
    onnx.helper.set_model_props(model, {FACTS: '{"image_size": 32}'})
    onnx.save(model, folder / "model.onnx")
    return about_variant("small", folder / "model.onnx", metrics | changes, [])


@pytest.mark.parametrize("classes", [["ai", "human"], ["ai a", "ai b", "human a"]])
def test_figures_have_a_baseline_and_binary_tasks_omit_the_balanced_accuracy(tmp_path: Path, classes: list[str]):
    variant = about(tmp_path, classes)
    assert variant["facts"] == {"image_size": 32}
    assert variant["bytes"] == (tmp_path / "model.onnx").stat().st_size
    baselines = {figure["what"]: (figure["instead"], figure["baseline"]) for figure in variant["figures"]}
    forced = ("if forced to answer", 0.2)
    expected = {"Correct, of 1,300 test pictures": ("always guessing the commonest class", 0.67)}
    if len(classes) > 2:
        expected["Balanced accuracy of human or AI"] = ("guessing", 0.5)
    assert baselines == expected | {"Human works called AI": forced, "AI works called human": forced}
    assert all(figure["low"] == 0.4 for figure in variant["figures"])


def test_a_network_that_was_tested_by_folds_was_fitted_to_the_test_pictures(tmp_path: Path):
    assert not about(tmp_path)["fitted_to_tests"]
    # These folds are of training pictures.
    assert not about(tmp_path, folds=5)["fitted_to_tests"]
    assert about(tmp_path, folds=5, validation=None)["fitted_to_tests"]


def test_an_unknown_label_of_a_picture_is_null():
    row = {"origin": "ai", "source": "generator", "style": float("nan"), "format": "WEBP"}
    assert about_picture("gallery/1", row) == {
        "file": "gallery/1",
        "type": "image/webp",
        "origin": "ai",
        "source": "generator",
        "style": None,
    }
