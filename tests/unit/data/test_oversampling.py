"""Augmented copies: each is its picture, only rotated, zoomed and mirrored as the split specifies."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from brushprint.data.oversampling import augmented_copy, examples, write_copies

PICTURE = np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype=np.uint8)


def table(rows: list[int], copies: list[int]) -> pd.DataFrame:
    generator = np.random.default_rng(1)
    number = len(rows)
    drawn = {"angle": generator.uniform(-30, 30, number), "zoom": generator.uniform(0.8, 1.2, number)}
    flip = generator.random(number) < 0.5
    return pd.DataFrame({"row": rows, "copy": np.array(copies, np.int32), "flip": flip, **drawn})


def marked(row: int, column: int, side: int = 33) -> np.ndarray:
    """A black picture with one bright square of three pixels a side."""
    picture = np.zeros((side, side, 3), np.uint8)
    picture[row - 1 : row + 2, column - 1 : column + 2] = 255
    return picture


def place(picture: np.ndarray) -> tuple[int, int]:
    """The row and column of the centre of the bright square."""
    row, column = ndimage.center_of_mass(picture[..., 0])
    return round(row), round(column)


@pytest.mark.parametrize("side", [1, 23, 24])
def test_a_copy_without_any_change_equals_its_picture(side: int):
    np.testing.assert_array_equal(augmented_copy(PICTURE[:side, :side], 0, False, 1), PICTURE[:side, :side])


@pytest.mark.parametrize("side", [23, 24])
def test_a_copy_that_is_only_mirrored_equals_the_mirrored_picture(side: int):
    np.testing.assert_array_equal(augmented_copy(PICTURE[:side, :side], 0, True, 1), PICTURE[:side, :side][:, ::-1])


@pytest.mark.parametrize("angle", [-90, -20, 7.5, 180])
def test_rotation_matches_scipy(angle: float):
    turned = ndimage.rotate(PICTURE.astype(float), angle, reshape=False, order=1, mode="nearest")
    assert np.abs(augmented_copy(PICTURE, angle, False, 1) - turned).max() <= 0.5 + 1e-6


def test_a_copy_is_rotated_and_then_mirrored():
    np.testing.assert_array_equal(
        augmented_copy(PICTURE, 13, True, 0.9), augmented_copy(PICTURE, 13, False, 0.9)[:, ::-1]
    )


@pytest.mark.parametrize(
    ("done", "there"),
    [
        ({"angle": 90}, (4, 16)),
        ({"angle": -90}, (28, 16)),
        ({"flip": True}, (16, 4)),
        ({"angle": 90, "flip": True}, (4, 16)),
        ({"zoom": 2}, (16, 22)),
        ({"zoom": 0.8}, (16, 31)),
    ],
)
def test_rotation_mirroring_and_zoom_move_a_mark_to_the_expected_place(done: dict, there: tuple[int, int]):
    landed = place(augmented_copy(marked(16, 28), **{"angle": 0, "flip": False, "zoom": 1} | done))
    assert landed == pytest.approx(there, abs=1)


def test_pixels_outside_the_picture_take_the_colour_of_the_edge():
    picture = np.full((20, 20, 3), 200, np.uint8)
    assert (augmented_copy(picture, 33, True, 1.2) == 200).all()


def test_row_k_is_the_k_th_copy_of_the_split(tmp_path: Path):
    pixels = np.random.default_rng(2).integers(0, 256, (4, 12, 12, 3), dtype=np.uint8)
    split = table([0, 1, 1, 1, 3, 3], [0, 0, 1, 2, 0, 1])
    write_copies(pixels, split, tmp_path / "copies.npy", jobs=1)
    copies = np.load(tmp_path / "copies.npy")
    assert (copies.dtype, copies.shape) == (np.uint8, (3, 12, 12, 3))
    for made, row in zip(copies, split[split["copy"] > 0].itertuples(), strict=True):
        np.testing.assert_array_equal(made, augmented_copy(pixels[row.row], row.angle, row.flip, row.zoom))


def test_the_digest_is_of_the_copies_and_the_same_for_any_number_of_processes(tmp_path: Path):
    np.save(tmp_path / "pixels.npy", np.random.default_rng(2).integers(0, 256, (50, 8, 8, 3), dtype=np.uint8))
    pixels, target = np.load(tmp_path / "pixels.npy", mmap_mode="r"), tmp_path / "copies.npy"
    split = table([row for row in range(50) for _ in range(4)], [0, 1, 2, 3] * 50)
    digests = {write_copies(pixels, split, target, jobs=jobs) for jobs in (1, 2)}
    assert digests == {hashlib.sha256(np.load(target).tobytes()).hexdigest()}
    assert digests != {write_copies(pixels, split.assign(zoom=1), target, jobs=1)}


def test_a_split_without_copies_gives_an_empty_array(tmp_path: Path):
    write_copies(PICTURE[None], table([0], [0]), tmp_path / "copies.npy", jobs=1)
    assert np.load(tmp_path / "copies.npy", mmap_mode="r").shape == (0, 24, 24, 3)
    assert examples(PICTURE[None], np.empty((0, 24, 24, 3), np.uint8), table([0], [0])) == []


@pytest.mark.parametrize(
    ("originals", "number", "shape"),
    [
        (20, 5, [5] * 6),
        (20, 2, [6] * 6),
        (20, 1, [6] * 6),
        (4, 1, [6, 2]),
        (1, 1, [2]),
        (3, 9, [5, 5, 5]),
    ],
)
def test_examples_show_each_original_followed_by_its_own_copies(originals: int, number: int, shape: list[int]):
    split = table([row for row in range(originals) for _ in range(number + 1)], [*range(number + 1)] * originals)
    pixels = np.arange(originals, dtype=np.uint8)[:, None, None, None].repeat(3, 3)
    copies = split.loc[split["copy"] > 0, "row"].to_numpy(np.uint8)[:, None, None, None].repeat(3, 3)
    shown = examples(pixels, copies, split)
    assert [len(row) for row in shown] == shape
    for row in shown:
        for picture, words in row:
            if words == "original":
                current = picture
            assert (picture == current).all()
