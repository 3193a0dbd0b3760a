import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image

from brushprint.core.errors import UserError
from brushprint.core.tables import write_parquet
from brushprint.evaluation import mistakes as stage
from brushprint.evaluation.mistakes import SCHEMA, SIDE, mistakes, with_thumbnails
from tests.conftest import encoded, picture


def catalogue(paths: list[str], contents: list[bytes] | None = None) -> pd.DataFrame:
    contents = contents or [path.encode() for path in paths]
    sha256 = [hashlib.sha256(content).hexdigest() for content in contents]
    table = pd.DataFrame({"path": paths, "sha256": sha256, "image_id": list("abcdefghij"[: len(paths)])})
    return table.assign(origin="ai", source="dalle", style=None, folder="AI")


def said(labels: str, **probabilities: list[float]) -> pd.DataFrame:
    """The predictions of a variant for the pictures a, b, …, whose true classes are the letters of `labels`."""
    table = pd.DataFrame({"image_id": list("abcdefghij"[: len(labels)]), "label": list(labels)})
    chances = pd.DataFrame(probabilities)
    table["predicted"] = chances.columns[chances.to_numpy().argmax(1)]
    table["outcome"] = np.where(table["label"] == table["predicted"], "correct", "misclassified")
    table["probability"] = chances.max(axis=1)
    return table.join(chances.add_prefix("p_"))


def test_a_picture_that_any_variant_misclassifies_is_listed_with_the_answers_of_all_variants():
    found = mistakes(
        catalogue(["one.jpg", "two.jpg", "three.jpg"]),
        {
            "first": said("xxy", x=[0.9, 0.8, 0.3], y=[0.1, 0.2, 0.7]),
            "second": said("xyz", x=[0.2, 0.1, 0.1], y=[0.7, 0.7, 0.2], z=[0.1, 0.2, 0.7]),
        },
    )
    (row,) = found.to_dict("records")
    assert (row["path"], row["asked"], row["wrong"], row["confidence"]) == ("one.jpg", 2, 1, 0.7)
    assert row["answers"] == [
        {"variant": "first", "label": "x", "predicted": "x", "probability": 0.9},
        {"variant": "second", "label": "x", "predicted": "y", "probability": 0.7},
    ]


def test_pictures_are_sorted_by_their_number_of_errors_then_by_the_confidence_of_a_wrong_answer():
    found = mistakes(
        catalogue([f"{number}.jpg" for number in range(5)]),
        {
            "first": said("xxxxx", x=[0.4, 0.1, 0.9, 0.2, 0.9], y=[0.6, 0.9, 0.1, 0.8, 0.1]),
            "second": said("xxxxx", x=[0.3, 0.99, 0.9, 0.3, 0.3], y=[0.7, 0.01, 0.1, 0.7, 0.7]),
        },
    )
    # The probability of a correct answer does not count: here, that of b in the second variant.
    assert found["image_id"].tolist() == ["d", "a", "b", "e"]
    assert found["wrong"].tolist() == [2, 2, 1, 1]
    assert found["confidence"].tolist() == [0.8, 0.7, 0.9, 0.7]


def test_a_variant_that_does_not_test_a_picture_is_not_counted():
    found = mistakes(
        catalogue(["one.jpg", "two.jpg"]), {"all": said("xx", x=[0.1, 0.1], y=[0.9, 0.9]), "few": said("x", x=[1.0])}
    )
    assert dict(zip(found["image_id"], found["asked"], strict=True)) == {"a": 2, "b": 1}


def test_the_order_does_not_depend_on_the_order_of_the_predictions():
    predictions = {"v": said("xxxx", x=[0.4, 0.4, 0.4, 0.9], y=[0.6, 0.6, 0.6, 0.1])}
    table = catalogue([f"{number}.jpg" for number in range(4)])
    shuffled = {"v": predictions["v"].iloc[::-1]}
    pd.testing.assert_frame_equal(mistakes(table, predictions), mistakes(table.iloc[::-1], shuffled))


@pytest.fixture
def collected(write_files: Callable[[dict[str, bytes]], Path]) -> tuple[Path, pd.DataFrame]:
    sizes = [(300, 200), (40, 30), (200, 300)]
    files = {f"AI/{number}.jpg": encoded(picture(number, size)) for number, size in enumerate(sizes)}
    return write_files(files), catalogue(list(files), list(files.values()))


WRONG = {"v": said("xxx", x=[0.1, 0.2, 0.3], y=[0.9, 0.8, 0.7])}


def test_thumbnails_are_small_and_the_stored_table_does_not_depend_on_the_number_of_jobs(collected, tmp_path: Path):
    root, table = collected
    found = mistakes(table, WRONG)
    write_parquet(with_thumbnails(found, root, table, 1, harmonise=None), tmp_path / "one.parquet")
    write_parquet(with_thumbnails(found, root, table, 2, harmonise=None), tmp_path / "other.parquet")
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "other.parquet").read_bytes()
    assert pq.read_schema(tmp_path / "one.parquet").remove_metadata() == SCHEMA
    stored = pd.read_parquet(tmp_path / "one.parquet")
    shown = [Image.open(io.BytesIO(thumbnail)) for thumbnail in stored["thumbnail"]]
    assert [image.size for image in shown] == [(SIDE, 64), (40, 30), (64, SIDE)]
    assert {image.format for image in shown} == {"JPEG"}
    whole = np.asarray(picture(0, (300, 200)).resize((SIDE, 64)), dtype=float)
    assert np.abs(whole - np.asarray(shown[0])).mean() < 5


def test_pictures_beyond_the_limit_are_listed_without_a_thumbnail(collected, monkeypatch):
    monkeypatch.setattr(stage, "MOST", 2)
    root, table = collected
    shown = with_thumbnails(mistakes(table, WRONG), root, table, 1, harmonise=None).to_pandas()
    assert shown["thumbnail"].notna().tolist() == [True, True, False]
    assert shown["path"].tolist() == ["AI/0.jpg", "AI/1.jpg", "AI/2.jpg"]


def test_variants_that_are_never_wrong_leave_an_empty_table(collected):
    root, table = collected
    found = mistakes(table, {"v": said("xxx", x=[0.9, 0.8, 0.7], y=[0.1, 0.2, 0.3])})
    stored = with_thumbnails(found, root, table, 1, harmonise=None)
    assert stored.num_rows == 0
    assert stored.schema.remove_metadata() == SCHEMA


def test_a_picture_that_has_changed_since_cataloguing_is_reported(collected):
    root, table = collected
    (root / "AI/1.jpg").write_bytes(encoded(picture(9)))
    with pytest.raises(UserError, match=r"AI/1\.jpg in .* was changed after it was catalogued"):
        with_thumbnails(mistakes(table, WRONG), root, table, 1, harmonise=None)
