"""A heatmap lies on the parts of the picture that the network saw."""

import numpy as np
import pytest

from brushprint.data.pixels import boxes
from brushprint.predict.predict import on_picture

HEAT = np.arange(16, dtype=float).reshape(4, 4)


def placed(size: tuple[int, int], view: str, shown: tuple[int, int] | None = None) -> np.ndarray:
    return on_picture(HEAT, boxes(size, 4, view), size, shown or size, "occlusion")


def test_the_map_of_a_stretched_picture_covers_it() -> None:
    heat = placed((8, 8), "bilinear")
    np.testing.assert_array_equal(heat, HEAT.repeat(2, 0).repeat(2, 1))


@pytest.mark.parametrize("factor", [1, 3])
def test_the_map_of_a_crop_covers_the_middle_and_nothing_is_known_of_the_rest(factor: int) -> None:
    heat = placed((8, 6), "crop", (8 * factor, 6 * factor))[::factor, ::factor]
    np.testing.assert_array_equal(heat[1:5, 2:6], HEAT)
    assert np.isnan(heat).sum() == 48 - 16


def test_the_map_of_several_crops_covers_each_of_them() -> None:
    heat = placed((8, 6), "crops-2x2")
    np.testing.assert_array_equal(heat[:2, :2], HEAT[:2, :2])
    np.testing.assert_array_equal(heat[4:, 6:], HEAT[2:, 2:])
    assert np.isnan(heat).sum() == 48 - 16


def test_of_a_picture_that_is_smaller_than_the_crop_only_its_own_part_of_the_map_is_shown() -> None:
    np.testing.assert_array_equal(placed((2, 2), "crop"), HEAT[1:3, 1:3])
