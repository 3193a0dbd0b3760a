"""Deliveries: what each does to a picture, and the arrays of delivered pictures."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from brushprint.data.catalogue import build_catalogue
from brushprint.data.corruptions import corrupt
from brushprint.data.delivered_arrays import deliveries_of, draw_pictures, write_delivered
from brushprint.data.deliveries import CHOOSING, DELIVERIES, MEASURING, WORDS, deliver
from brushprint.data.harmonise import load_rgb
from brushprint.data.pixels import square
from tests.conftest import encoded, picture
from tests.support.collections import LABELS


def test_six_deliveries_choose_and_two_only_measure():
    assert (len(CHOOSING), len(MEASURING)) == (6, 2)
    assert list(WORDS) == list(DELIVERIES)


@pytest.mark.parametrize(
    ("name", "size"),
    {
        **{"jpeg": (400, 300), "half": (200, 150), "thumbnail": (400, 300), "crop": (240, 180)},
        **{"letterbox": (533, 300), "screenshot": (500, 375), "webp": (400, 300), "seven-tenths": (280, 210)},
    }.items(),
)
def test_each_delivery_has_its_size(name: str, size: tuple[int, int]):
    assert deliver(picture(0, (400, 300)), name).size == size


def test_a_letterbox_is_a_black_frame_of_16_to_9_around_the_unchanged_picture():
    for size, box in (((400, 300), (66, 0)), ((400, 100), (0, 62))):
        image = picture(0, size)
        framed = deliver(image, "letterbox")
        assert framed.crop((*box, box[0] + size[0], box[1] + size[1])).tobytes() == image.tobytes()
        assert np.asarray(framed).sum() == np.asarray(image).sum()
        assert abs(framed.width / framed.height - 16 / 9) < 0.01


def test_a_thumbnail_loses_detail_and_a_small_picture_stays_as_it_is():
    large, small = picture(0, (600, 400)), picture(0, (200, 200))
    assert deliver(large, "thumbnail").tobytes() != large.tobytes()
    assert deliver(small, "thumbnail").tobytes() == small.tobytes()


def test_the_jpeg_is_that_of_the_corruption_of_quality_75():
    image = picture(0, (120, 80))
    assert deliver(image, "jpeg").tobytes() == corrupt(image, "jpeg", 2, 0).tobytes()


def test_a_very_large_picture_is_reduced_first():
    assert deliver(Image.new("RGB", (8192, 16)), "jpeg").size == (4096, 8)
    assert deliver(Image.new("RGB", (60_000, 2)), "letterbox").size == (4096, 2304)


@settings(deadline=None, max_examples=60)
@given(st.tuples(st.integers(1, 90), st.integers(1, 90)), st.sampled_from(list(DELIVERIES)))
def test_any_picture_can_be_delivered_and_stays_unchanged(size: tuple[int, int], name: str):
    image = picture(3, size)
    before = image.tobytes()
    delivered = deliver(image, name)
    assert (delivered.mode, min(delivered.size) > 0) == ("RGB", True)
    assert image.tobytes() == before


def split() -> pd.DataFrame:
    """30 pictures of each origin and partition; those for training have no folds."""
    rows = [(part, origin) for part in ("train", "validation", "test") for origin in ("human", "ai") for _ in range(30)]
    table = pd.DataFrame(rows, columns=["partition", "origin"])
    return table.assign(row=np.arange(180)[::-1], source=table["origin"], fold=-1, copy=0)


def test_validation_and_test_pictures_of_both_origins_are_drawn():
    table = split()
    drawn = table.set_index("row").loc[draw_pictures(table, pictures=20, seed=0)]
    assert drawn.index.is_monotonic_increasing
    counts = drawn.groupby(["partition", "origin"]).size().to_dict()
    assert counts == {(part, origin): 20 for part in ("validation", "test") for origin in ("human", "ai")}
    assert len(draw_pictures(table, pictures=1000, seed=0)) == 120


def test_training_pictures_are_drawn_if_they_are_in_folds_and_copies_never_are():
    table = split().assign(fold=np.arange(180) % 5)
    copies = table.head(9).assign(copy=1)
    assert len(draw_pictures(pd.concat([table, copies]), pictures=1000, seed=0)) == 180
    assert len(draw_pictures(table.assign(copy=1), pictures=1000, seed=0)) == 0


def test_the_array_holds_each_picture_after_each_delivery(write_files, tmp_path: Path):
    root = write_files({f"{('ai', 'human')[seed % 2]}/{seed}.png": encoded(picture(seed), "PNG") for seed in range(4)})
    table, *_ = build_catalogue(root, LABELS, images=None, max_rejected=0, seed=0, jobs=1)
    digests = {write_delivered(root, table, tmp_path / "a.npy", size=24, resize="crop", jobs=jobs) for jobs in (1, 3)}
    assert len(digests) == 1
    array = np.load(tmp_path / "a.npy")
    assert array.shape == (4, len(DELIVERIES), 24, 24, 3)
    for row, path in enumerate(table["path"]):
        image = load_rgb((root / path).read_bytes(), None)
        for number, name in enumerate(DELIVERIES):
            np.testing.assert_array_equal(array[row, number], square(deliver(image, name), 24, "crop"))


def test_each_delivery_of_a_picture_is_a_row_of_the_flat_array():
    table = pd.DataFrame({"image_id": ["c", "unsent", "a"], "row": [7, 8, 9], "label": ["ai", "ai", "human"]})
    rows = deliveries_of(table, np.array(["a", "b", "c"]))
    assert rows["image_id"].tolist() == ["c"] * 8 + ["a"] * 8
    assert rows["row"].tolist() == [*range(16, 24), *range(8)]
    assert rows["delivery"].tolist() == list(DELIVERIES) * 2
    assert rows["label"].tolist() == ["ai"] * 8 + ["human"] * 8
