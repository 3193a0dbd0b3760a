import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from brushprint.stats.intervals import deviation, of_mean, prediction_interval

values = st.lists(st.floats(-100, 100), min_size=2, max_size=30)


@given(values)
def test_the_interval_of_a_mean_uses_students_t_distribution(sample: list[float]) -> None:
    found = of_mean(np.array(sample))
    mean, error = np.mean(sample), stats.sem(sample)
    half = stats.t.ppf(0.975, len(sample) - 1) * error
    assert found.value == pytest.approx(mean, abs=1e-9)
    assert (found.low, found.high) == pytest.approx((mean - half, mean + half), abs=1e-6)


def test_columns_are_treated_separately_and_unknown_values_are_ignored() -> None:
    table = np.array([[1.0, np.nan, np.nan], [2.0, 5.0, np.nan], [3.0, np.nan, np.nan]])
    found = of_mean(table)
    np.testing.assert_array_equal(found.value, [2, 5, np.nan])
    assert np.isfinite(found.low).tolist() == [True, False, False]
    np.testing.assert_allclose(deviation(table), [1, np.nan, np.nan])


def test_unknown_ends_are_null_in_json() -> None:
    assert of_mean(np.array([3.0])).plain() == {"value": 3, "low": None, "high": None}
    assert of_mean(np.empty(0)).plain() == {"value": None, "low": None, "high": None}


def test_the_interval_covers_the_mean_as_often_as_stated() -> None:
    generator = np.random.default_rng(0)
    found = of_mean(generator.normal(3, 2, (8, 4000)))
    assert ((found.low < 3) & (found.high > 3)).mean() == pytest.approx(0.95, abs=0.01)


def test_the_prediction_interval_covers_one_more_value_as_often_as_stated() -> None:
    draws = np.random.default_rng(0).normal(3, 2, (9, 20000))
    low, high = prediction_interval(draws[:8])
    assert ((low < draws[8]) & (draws[8] < high)).mean() == pytest.approx(0.95, abs=0.005)


@pytest.mark.parametrize("sample", [[], [1.0], [np.nan, 2.0]])
def test_the_prediction_interval_of_fewer_than_two_values_is_unbounded(sample: list[float]) -> None:
    assert prediction_interval(np.array(sample)) == (-np.inf, np.inf)
