import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brushprint.stats import bootstrap
from brushprint.stats.bootstrap import interval, interval_of_each, interval_of_share, weights

groupings = st.lists(st.integers(0, 8), min_size=1, max_size=40).map(np.array)


def drawn(groups: np.ndarray, seed: int = 0) -> np.ndarray:
    return np.concatenate(list(weights(groups, seed)), axis=1)


def test_pictures_without_duplicates_are_resampled_like_a_plain_bootstrap() -> None:
    generator = np.random.default_rng(5)
    expected = [np.bincount(generator.integers(70, size=70), minlength=70) for _ in range(bootstrap.RESAMPLES)]
    for alone in (np.arange(70), np.arange(70)[::-1] * 3, np.random.default_rng(0).permutation(70)):
        np.testing.assert_array_equal(drawn(alone, 5), np.transpose(expected))


@given(groupings, st.integers(0, 99))
def test_whole_groups_are_resampled_and_their_number_stays_the_same(groups: np.ndarray, seed: int) -> None:
    found = next(weights(groups, seed))
    names, first, place = np.unique(groups, return_index=True, return_inverse=True)
    np.testing.assert_array_equal(found, found[first][place])
    np.testing.assert_array_equal(found[first].sum(0), len(names))
    assert found.dtype == np.float32


@given(groupings)
def test_the_numbers_of_the_groups_change_nothing(groups: np.ndarray) -> None:
    np.testing.assert_array_equal(next(weights(groups, 0)), next(weights(1000 - 7 * groups, 0)))


def test_memory_is_bounded_by_the_chunk() -> None:
    shapes = [part.shape for part in weights(np.arange(50), 0)]
    assert {pictures for pictures, _ in shapes} == {50}
    assert sum(resamples for _, resamples in shapes) == bootstrap.RESAMPLES
    assert max(resamples for _, resamples in shapes) == bootstrap._CHUNK


def test_an_interval_covers_the_middle_95_percent_and_keeps_the_shape_of_its_value() -> None:
    steps = np.linspace(0, 1, 1001)
    found = interval_of_each(np.array([[0.5, np.nan]]), np.stack([[steps, steps]]))
    assert found[0][0] == pytest.approx({"value": 0.5, "low": 0.025, "high": 0.975})
    assert found[0][1] == {"value": None, "low": None, "high": None}


def test_undefined_resamples_are_ignored_and_if_all_are_undefined_the_ends_are_unknown() -> None:
    assert interval(0.5, np.array([np.nan, 0.4, 0.4])) == {"value": 0.5, "low": 0.4, "high": 0.4}
    assert interval(0.5, np.array([np.nan])) == {"value": 0.5, "low": None, "high": None}


def test_the_interval_of_an_observed_share_of_0_or_1_has_a_width() -> None:
    none, every = (interval_of_share(share, np.full(9, share), 50) for share in (0.0, 1.0))
    # 1.96² / (50 + 1.96²)
    assert (none["value"], none["low"], none["high"]) == pytest.approx((0, 0, 0.07135), abs=1e-5)
    assert (every["value"], every["low"], every["high"]) == pytest.approx((1, 0.92865, 1), abs=1e-5)
    assert interval_of_share(0.5, np.array([0.4, 0.6]), 50)["high"] == pytest.approx(0.595)
