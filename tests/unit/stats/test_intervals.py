import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from brushprint.stats import bootstrap
from brushprint.stats.intervals import DIFFERENCE, SHARE, deviation, of_mean, prediction_interval

ANY = (-np.inf, np.inf)
values = st.lists(st.floats(-100, 100), min_size=2, max_size=30)


@given(values)
def test_the_interval_of_a_mean_uses_students_t_distribution(sample: list[float]) -> None:
    found = of_mean(np.array(sample), ANY)
    mean, error = np.mean(sample), stats.sem(sample)
    half = stats.t.ppf(0.975, len(sample) - 1) * error
    assert found.value == pytest.approx(mean, abs=1e-9)
    assert (found.low, found.high) == pytest.approx((mean - half, mean + half), abs=1e-6)


def test_columns_are_treated_separately_and_unknown_values_are_ignored() -> None:
    table = np.array([[1.0, np.nan, np.nan], [2.0, 5.0, np.nan], [3.0, np.nan, np.nan]])
    found = of_mean(table, ANY)
    np.testing.assert_array_equal(found.value, [2, 5, np.nan])
    assert np.isfinite(found.low).tolist() == [True, False, False]
    np.testing.assert_allclose(deviation(table), [1, np.nan, np.nan])


def test_unknown_ends_are_null_in_json() -> None:
    assert of_mean(np.array([3.0]), ANY).plain() == {"value": 3, "low": None, "high": None}
    assert of_mean(np.empty(0), ANY).plain() == {"value": None, "low": None, "high": None}


def test_the_interval_covers_the_mean_as_often_as_stated() -> None:
    generator = np.random.default_rng(0)
    found = of_mean(generator.normal(3, 2, (8, 4000)), ANY)
    assert ((found.low < 3) & (found.high > 3)).mean() == pytest.approx(0.95, abs=0.01)


def test_the_prediction_interval_covers_one_more_value_as_often_as_stated() -> None:
    draws = np.random.default_rng(0).normal(3, 2, (9, 20000))
    low, high = prediction_interval(draws[:8], ANY)
    assert ((low < draws[8]) & (draws[8] < high)).mean() == pytest.approx(0.95, abs=0.005)


@pytest.mark.parametrize("sample", [[], [1.0], [np.nan, 2.0]])
def test_the_prediction_interval_of_fewer_than_two_values_is_unbounded(sample: list[float]) -> None:
    assert prediction_interval(np.array(sample), ANY) == ANY
    assert prediction_interval(np.array(sample), SHARE) == SHARE


@given(st.lists(st.floats(0, 1), min_size=2, max_size=30), st.sampled_from([SHARE, DIFFERENCE]))
def test_no_interval_of_a_mean_leaves_the_range_that_the_measure_can_take(sample: list[float], within: tuple) -> None:
    found = of_mean(np.array(sample), within)
    assert within[0] <= found.low <= found.value + 1e-9
    assert found.value - 1e-9 <= found.high <= within[1]
    low, high = prediction_interval(np.array(sample), within)
    assert within[0] <= low <= high <= within[1]


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 5)), min_size=1, max_size=20))
def test_no_bootstrap_interval_leaves_the_range_that_the_measure_can_take(answers: list[tuple]) -> None:
    first, second, group = (np.array(column) for column in zip(*answers, strict=True))
    drawn = np.concatenate(list(bootstrap.weights(group, 0)), axis=1)
    groups = len(np.unique(group))
    share = bootstrap.interval_of_share(first.mean(), first @ drawn / drawn.sum(0), groups)
    change = first.astype(float) - second
    difference = bootstrap.interval_of_change(change.mean(), change @ drawn / drawn.sum(0), groups)
    for interval, (least, most) in ((share, SHARE), (difference, DIFFERENCE)):
        assert least <= interval["low"] <= interval["high"] <= most
