"""The brushes of the board paint where they should, and use integers only."""

import numpy as np
import pytest

from brushprint.data.brushes import BOARD, Board, darken, figure, slope_of, smooth

BLACK, WHITE = (0, 0, 0), (255, 255, 255)


@pytest.fixture
def board() -> Board:
    return Board(np.random.default_rng(0))


def painted(board: Board) -> np.ndarray:
    """Whether each pixel of the board is no longer black, bool [BOARD, BOARD]."""
    return np.asarray(board.image).any(axis=2)


def test_a_rectangle_covers_its_pixels_and_no_others(board: Board) -> None:
    board.shape([(10, 20), (30, 20), (30, 50), (10, 50)], WHITE)
    expected = np.zeros((BOARD, BOARD), bool)
    expected[20:50, 10:30] = True
    np.testing.assert_array_equal(painted(board), expected)


def test_a_shape_is_empty_where_it_overlaps_itself(board: Board) -> None:
    square = [(10, 10), (50, 10), (50, 50), (10, 50)]
    board.shape([*square, square[0], *((x + 10, y + 10) for x, y in square), (20, 20)], WHITE)
    assert not painted(board)[30, 30]


def test_parts_of_a_shape_outside_the_board_are_ignored(board: Board) -> None:
    board.shape([(-50, -50), (5, -50), (5, 5), (-50, 5)], WHITE)
    board.shape([(600, 600), (700, 600), (700, 700)], WHITE)
    assert painted(board).sum() == 25


def test_a_glow_fades_from_its_centre(board: Board) -> None:
    board.glow((256, 256), (100, 100), WHITE)
    row = np.asarray(board.image)[256, 256:356, 0].astype(int)
    assert row[0] > 240
    assert row[-1] < 5
    assert (np.diff(row) <= 0).all()


def test_dabs_stay_near_their_box(board: Board) -> None:
    board.wash((100, 120, 140))
    before = np.asarray(board.image)
    board.dabs(50, (10, 4), 40, lambda x, y: 0, (0, 0, 100, 100))
    changed = (np.asarray(board.image) != before).any(axis=2)
    assert changed[:100, :100].any()
    assert not changed[120:].any() and not changed[:, 120:].any()


def test_tints_stay_within_their_spread_and_within_a_byte(board: Board) -> None:
    tints = np.array([board.tint((5, 128, 250), 20) for _ in range(200)])
    assert tints.min() >= 0 and tints.max() <= 255
    assert np.abs(tints - (5, 128, 250)).max() == 20


def test_figures_use_eighths_of_a_unit_and_darken_uses_eighths_of_the_brightness() -> None:
    assert figure((100, 50), 40, (-8, 0), (0, 4)) == [(60, 50), (100, 70)]
    assert darken((80, 160, 8), 4) == (40, 80, 4)


def test_smoothing_cuts_the_corners_and_keeps_the_ends() -> None:
    curve = smooth([(0, 0), (100, 0), (100, 100)])
    assert (curve[0], curve[-1]) == ((0, 0), (100, 100))
    assert (100, 0) not in curve


@pytest.mark.parametrize(("vector", "slope"), [((1, 0), 0), ((0, 1), 8), ((0, -1), -8), ((-1, 0), 0)])
def test_the_slope_of_a_vector_is_eight_times_the_tangent_of_half_its_angle(
    vector: tuple[int, int], slope: int
) -> None:
    dx, dy = (1000 * part for part in vector)
    assert slope_of(dx, dy) == slope
