"""Arrays of corrupted pictures: which pictures they hold, the size of corrupted pictures, and reproducible bytes."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from brushprint.core.errors import UserError
from brushprint.data.catalogue import build_catalogue
from brushprint.data.corrupted_arrays import choose_pictures, donor_encodings, draw_test_pictures, write_corrupted
from brushprint.data.corruptions import CONDITIONS, corrupt, swap_encoding
from brushprint.data.harmonise import harmonised
from brushprint.data.pixels import write_pixels
from tests.conftest import encoded, picture
from tests.support.collections import LABELS

TABLES = [[7] * 64, [11] * 64]
ENCODING = {"format": "JPEG", "width": 90, "height": 60, "quantisation": TABLES, "subsampling": 2}
SEEN = {"size": 24, "resize": "bilinear", "seed": 5}


@pytest.fixture
def root(write_files) -> Path:
    files = {f"{origin}/{seed}.png": encoded(picture(seed), "PNG") for seed, origin in enumerate(["human", "ai"] * 2)}
    return write_files(files | {"human/wide.png": encoded(picture(99, (200, 20)), "PNG")})


@pytest.fixture
def table(root: Path) -> pd.DataFrame:
    return build_catalogue(root, LABELS, images=None, max_rejected=0, seed=0, jobs=1)[0]


def write(root: Path, table: pd.DataFrame, target: Path, **changes: object) -> tuple[str, np.ndarray, pd.DataFrame]:
    arguments = {"encodings": [json.dumps(ENCODING)] * len(table), "jobs": 2, **SEEN, **changes}
    digest, about = write_corrupted(root, table, arguments.pop("encodings"), target, **arguments)
    return digest, np.load(target), about


def of(name: str, severity: int) -> int:
    return CONDITIONS.index((name, severity))


def test_an_array_holds_each_picture_under_each_condition(root, table, tmp_path):
    digest, array, about = write(root, table, tmp_path / "corrupted.npy")
    assert (array.dtype, array.shape) == (np.uint8, (5, len(CONDITIONS), 24, 24, 3))
    assert digest == hashlib.sha256(array.tobytes()).hexdigest()
    assert about["image_id"].tolist() == table["image_id"].tolist()
    assert about["swapped"].tolist() == [True] * 5


@pytest.mark.parametrize("harmonise", [None, {"side": 16, "resize": "bicubic", "format": "jpeg", "quality": 80}])
@pytest.mark.parametrize("resize", ["nearest", "lanczos"])
def test_the_condition_none_equals_the_array_of_pixels_bit_for_bit(root, table, tmp_path, resize: str, harmonise):
    write_pixels(root, table, tmp_path / "pixels.npy", size=24, resize=resize, jobs=1, harmonise=harmonise)
    _, array, _ = write(root, table, tmp_path / "corrupted.npy", resize=resize, harmonise=harmonise)
    np.testing.assert_array_equal(array[:, 0], np.load(tmp_path / "pixels.npy"))


def test_a_corruption_is_applied_before_the_resize(root, table, tmp_path):
    """Corrupting at the picture's own size and then resizing gives the same pixels; the reverse order does not."""
    _, array, _ = write(root, table, tmp_path / "corrupted.npy")
    how = Image.Resampling.BILINEAR
    for row, path in enumerate(table["path"]):
        original = Image.open(root / path).convert("RGB")
        for name, severity in (("jpeg", 5), ("blur", 5), ("crop", 3), ("mirror", 1)):
            first = corrupt(original, name, severity, 0).resize((24, 24), how)
            np.testing.assert_array_equal(array[row, of(name, severity)], first)
        late = corrupt(original.resize((24, 24), how), "jpeg", 5, 0)
        assert (array[row, of("jpeg", 5)] != np.asarray(late)).any()
        np.testing.assert_array_equal(array[row, -1], swap_encoding(original, ENCODING).resize((24, 24), how))


def test_a_picture_is_harmonised_before_it_is_corrupted(root, table, tmp_path):
    harmonise = {"side": 16, "resize": "bicubic", "format": "png", "quality": None}
    _, array, _ = write(root, table, tmp_path / "corrupted.npy", harmonise=harmonise)
    for row, path in enumerate(table["path"]):
        seen, _ = harmonised(Image.open(root / path).convert("RGB"), **harmonise)
        expected = corrupt(seen, "crop", 3, 0).resize((24, 24), Image.Resampling.BILINEAR)
        np.testing.assert_array_equal(array[row, of("crop", 3)], expected)


def test_the_bytes_are_the_same_for_any_number_of_jobs_and_any_order_in_the_archive(root, table, tmp_path):
    expected, array, _ = write(root, table, tmp_path / "corrupted.npy", jobs=1)
    assert {write(root, table, tmp_path / "corrupted.npy", jobs=jobs)[0] for jobs in (2, 7)} == {expected}
    archive = shutil.make_archive(str(tmp_path / "pictures"), "zip", root)
    backwards = table.iloc[::-1]
    _, reverse, about = write(archive, backwards, tmp_path / "reverse.npy")
    np.testing.assert_array_equal(reverse[::-1], array)
    assert about["image_id"].tolist() == backwards["image_id"].tolist()


def test_a_corruption_does_not_depend_on_other_pictures_or_on_the_input_size(root, table, tmp_path):
    _, array, _ = write(root, table, tmp_path / "all.npy")
    _, alone, _ = write(root, table.iloc[3:4], tmp_path / "alone.npy")
    np.testing.assert_array_equal(alone[0], array[3])
    _, large, _ = write(root, table, tmp_path / "large.npy", size=48, resize="nearest")
    brighter = [seen[:, of("brightness", 3)].mean((1, 2, 3)) > seen[:, 0].mean((1, 2, 3)) for seen in (array, large)]
    np.testing.assert_array_equal(*brighter)


def test_corruptions_differ_between_pictures_and_between_seeds(root, table, tmp_path):
    brighter = []
    for seed in range(4):
        _, array, _ = write(root, table, tmp_path / "corrupted.npy", seed=seed)
        brighter.append(array[:, of("brightness", 3)].mean((1, 2, 3)) > array[:, 0].mean((1, 2, 3)))
    assert len({tuple(row) for row in np.array(brighter).T}) > 1
    assert len({tuple(row) for row in brighter}) > 1


def test_a_picture_without_a_donor_is_unchanged_and_marked_as_not_swapped(root, table, tmp_path):
    encodings = [None, json.dumps(ENCODING), None, None, None]
    _, array, about = write(root, table, tmp_path / "corrupted.npy", encodings=encodings)
    assert about["swapped"].tolist() == [False, True, False, False, False]
    np.testing.assert_array_equal(array[0, -1], array[0, 0])
    assert (array[1, -1] != array[1, 0]).any()


def test_a_picture_changed_after_cataloguing_stops_the_run_and_leaves_no_array(root, table, tmp_path):
    (root / table["path"][2]).write_bytes(encoded(picture(1000), "PNG"))
    with pytest.raises(UserError, match="was changed after it was catalogued"):
        write(root, table, tmp_path / "arrays/corrupted.npy")
    assert list((tmp_path / "arrays").iterdir()) == []


def collection(counts: dict[tuple[str, str | None], int]) -> pd.DataFrame:
    rows = [(source, style) for (source, style), number in counts.items() for _ in range(number)]
    table = pd.DataFrame(rows, columns=["source", "style"])
    table["origin"] = np.where(table["source"] == "human", "human", "ai")
    return table.assign(image_id=[f"id{row}" for row in range(len(table))])


def test_test_pictures_are_chosen_in_proportion_to_sources_and_styles_up_to_the_limit():
    table = collection({("human", "baroque"): 100, ("human", "cubism"): 50, ("dalle", "baroque"): 50})
    tests = np.arange(200) % 2 == 0
    chosen = choose_pictures(table, tests, pictures=20, seed=0)
    assert tests[chosen].all()
    assert table.iloc[chosen].groupby(["source", "style"]).size().to_dict() == {
        ("dalle", "baroque"): 5,
        ("human", "baroque"): 10,
        ("human", "cubism"): 5,
    }
    assert chosen.tolist() == choose_pictures(table, tests, pictures=20, seed=0).tolist()
    assert chosen.tolist() != choose_pictures(table, tests, pictures=20, seed=1).tolist()
    assert choose_pictures(table, tests, pictures=100, seed=0).tolist() == np.flatnonzero(tests).tolist()


@given(
    counts=st.dictionaries(
        st.tuples(st.sampled_from(["human", "dalle"]), st.sampled_from([*"abcdefghijklm", None])),
        st.integers(1, 5),
        min_size=1,
    ),
    pictures=st.integers(10, 40),
    seed=st.integers(0, 9),
)
def test_as_many_test_pictures_are_chosen_as_requested_or_as_there_are(counts: dict, pictures: int, seed: int):
    table = collection(counts)
    tests = np.random.default_rng(seed).random(len(table)) < 0.7
    chosen = choose_pictures(table, tests, pictures=pictures, seed=seed)
    assert len(chosen) == min(pictures, tests.sum())
    assert set(chosen) <= set(np.flatnonzero(tests))


def test_a_donor_has_the_other_origin_and_does_not_depend_on_the_other_chosen_pictures():
    table = collection({("human", None): 30, ("dalle", None): 20, ("midjourney", None): 10})
    texts = [f"{origin} {row}" for row, origin in enumerate(table["origin"])]
    chosen = np.arange(0, 60, 2)
    drawn = donor_encodings(table, texts, chosen, seed=1)
    assert all(text.split()[0] != table["origin"][row] for row, text in zip(chosen, drawn, strict=True))
    assert len(set(drawn)) > 10
    assert donor_encodings(table, texts, chosen[5:6], seed=1) == drawn[5:6]
    assert donor_encodings(table, texts, chosen, seed=2) != drawn


def test_there_is_no_donor_if_all_pictures_have_the_same_origin():
    table = collection({("human", "baroque"): 3})
    assert donor_encodings(table, ["a", "b", "c"], np.arange(2), seed=0) == [None, None]


def test_each_drawn_test_picture_has_a_donor():
    table = collection({("human", None): 30, ("dalle", None): 20})
    table["published_split"] = np.where(np.arange(50) % 2, "test", "train")
    texts = [f"{origin} {row}" for row, origin in enumerate(table["origin"])]
    draw = {"published": True, "test": 0.2, "test_seed": 0, "pictures": 10, "seed": 1}
    pictures, encodings = draw_test_pictures(table, np.arange(50), texts, **draw)
    chosen = choose_pictures(table, np.arange(50) % 2 == 1, pictures=10, seed=1)
    assert pictures["image_id"].tolist() == table["image_id"].iloc[chosen].tolist()
    assert encodings == donor_encodings(table, texts, chosen, seed=1)


def test_hand_picked_pictures_are_corrupted_without_a_donor(write_files, tmp_path):
    content = encoded(picture(1), "PNG")
    root = write_files({"a.png": content, "b.png": content})
    picked, *_ = build_catalogue(root, None, images=None, max_rejected=1, seed=0, jobs=1)
    _, array, about = write(root, picked, tmp_path / "picked.npy", encodings=[None, None])
    assert array.shape == (2, len(CONDITIONS), 24, 24, 3)
    assert about["image_id"].tolist() == picked["image_id"].tolist()
    np.testing.assert_array_equal(*array)
