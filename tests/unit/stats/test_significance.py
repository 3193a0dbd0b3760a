"""Comparing variants on the same pictures: p-values, their correction, paired differences, and spread over networks."""

import json
import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

from brushprint.stats import bootstrap
from brushprint.stats.intervals import SHARE
from brushprint.stats.multiple_testing import holm
from brushprint.stats.significance import compare, mcnemar, spread


@pytest.fixture(autouse=True)
def few_resamples():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "RESAMPLES", 200)
        yield


def answers(**right: list[int] | np.ndarray) -> dict[str, pd.Series]:
    """Whether each variant is right on the pictures 0, 1, ..."""
    return {name: pd.Series(np.array(values, dtype=bool)) for name, values in right.items()}


def alone(count: int) -> pd.Series:
    """The groups of pictures without near duplicates."""
    return pd.Series(np.arange(count))


def mid_p_of_all_outcomes(first: int, second: int) -> float:
    """The probability of more extreme outcomes of fair coin tosses, plus half that of equally extreme ones."""
    tosses, seen = first + second, abs(first - second)
    total = Fraction(0)
    for heads in range(tosses + 1):
        weight = Fraction(math.comb(tosses, heads), 2**tosses)
        apart = abs(2 * heads - tosses)
        total += weight if apart > seen else weight / 2 if apart == seen else 0
    return float(total)


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemars_mid_p_value_matches_counting_all_outcomes(first: int, second: int) -> None:
    expected = mid_p_of_all_outcomes(first, second) if first + second else 1
    assert mcnemar(first, second) == pytest.approx(expected, rel=1e-9)
    assert mcnemar(first, second) == mcnemar(second, first)


def test_mcnemar_gives_the_published_example() -> None:
    """Bentur et al. (2009) as in Fagerland, Lydersen and Laake (2013): 1 and 7 discordant pairs."""
    assert mcnemar(1, 7) == pytest.approx(0.0391, abs=5e-5)
    assert mcnemar(0, 0) == 1


def test_mcnemar_works_with_many_discordant_pictures() -> None:
    assert mcnemar(20_000, 20_400) == pytest.approx(0.0466, abs=2e-4)
    assert 0 <= mcnemar(0, 50_000) < 1e-300


def test_a_row_has_the_counts_and_the_paired_difference_of_two_variants() -> None:
    one, other = [1] * 60 + [0] * 40, [1] * 40 + [0] * 40 + [1] * 5 + [0] * 15
    (row,) = compare(answers(a=one, b=other), alone(100), "AI or human", 0)
    assert (row["first"], row["second"], row["question"], row["pictures"]) == ("a", "b", "AI or human", 100)
    assert (row["first_alone"], row["second_alone"]) == (20, 5)
    assert row["difference"]["value"] == pytest.approx(0.15)
    assert row["p"] == row["p_corrected"] == mcnemar(20, 5) < 0.01
    assert 0.04 < row["difference"]["low"] < 0.09
    assert 0.21 < row["difference"]["high"] < 0.27
    assert json.loads(json.dumps(row, allow_nan=False)) == row


def test_the_paired_interval_is_narrower_than_one_of_two_separate_accuracies() -> None:
    generator = np.random.default_rng(2)
    one = generator.random(400) < 0.5
    other = one ^ (generator.random(400) < 0.02)
    (row,) = compare(answers(a=one, b=other), alone(400), "", 0)
    assert row["difference"]["high"] - row["difference"]["low"] < 0.035


def test_near_duplicates_are_resampled_together_and_widen_the_interval() -> None:
    generator = np.random.default_rng(4)
    twins = np.repeat(np.arange(50), 4)
    right = answers(a=(generator.random(50) < 0.8)[twins], b=(generator.random(50) < 0.6)[twins])
    ((single,), (together,)) = (compare(right, groups, "", 0) for groups in (alone(200), pd.Series(twins)))
    width = [row["difference"]["high"] - row["difference"]["low"] for row in (single, together)]
    assert width[1] > 1.6 * width[0]
    assert together["difference"]["value"] == single["difference"]["value"]


@pytest.mark.parametrize(("other", "value", "low", "high"), [(1, 0, -0.07135, 0.07135), (0, 1, 0.92865, 1)])
def test_an_observed_difference_of_0_or_1_still_has_an_interval_with_a_width(
    other: int, value: float, low: float, high: float
) -> None:
    right = answers(a=[1] * 100, b=[other] * 100)
    (row,) = compare(right, pd.Series(np.arange(100) // 2), "", 0)
    # 1.96² / (50 + 1.96²)
    assert row["difference"] == pytest.approx({"value": value, "low": low, "high": high}, abs=1e-5)


def test_variants_are_compared_on_the_pictures_that_both_have_whatever_their_order() -> None:
    right = {
        "a": pd.Series(True, index=["p", "q", "r"]),
        "b": pd.Series([False, True, True], index=["r", "q", "s"]),
        "c": pd.Series([True], index=["x"]),
    }
    groups = pd.Series(range(6), index=[*"xsrqpo"])
    (row,) = compare(right, groups, "", 0)
    assert (row["first"], row["second"], row["pictures"]) == ("a", "b", 2)
    assert (row["first_alone"], row["second_alone"]) == (1, 0)
    assert row["difference"]["value"] == 0.5


def test_each_pair_is_compared_once_and_a_single_variant_with_none() -> None:
    right = answers(**{name: np.random.default_rng(ord(name)).random(40) < 0.7 for name in "abcd"})
    rows = compare(right, alone(40), "", 0)
    assert ["".join((row["first"], row["second"])) for row in rows] == ["ab", "ac", "ad", "bc", "bd", "cd"]
    np.testing.assert_array_equal([row["p_corrected"] for row in rows], holm([row["p"] for row in rows]))
    assert compare({"a": right["a"]}, alone(40), "", 0) == []
    assert compare(right, alone(40), "", 0) == rows


def test_the_spread_of_networks_uses_students_interval() -> None:
    values = [0.7, 0.8, 0.75, 0.71]
    found = spread([*values, None], SHARE)
    half = t.ppf(0.975, 3) * np.std(values, ddof=1) / 2
    assert found["networks"] == 4
    assert found["mean"] == pytest.approx({"value": 0.74, "low": 0.74 - half, "high": 0.74 + half})
    assert found["deviation"] == pytest.approx(np.std(values, ddof=1))
    assert (found["lowest"], found["highest"]) == (0.7, 0.8)


def test_the_interval_of_a_mean_area_under_a_curve_ends_at_one() -> None:
    mean = spread([0.99, 0.55], SHARE)["mean"]
    assert mean == {"value": pytest.approx(0.77), "low": 0, "high": 1}


@pytest.mark.filterwarnings("error")
def test_one_network_or_none_has_no_spread() -> None:
    one, none = spread([0.7], SHARE), spread([None], SHARE)
    assert one == {
        "networks": 1,
        "mean": {"value": 0.7, "low": None, "high": None},
        "deviation": None,
        "lowest": 0.7,
        "highest": 0.7,
    }
    unknown = {"value": None, "low": None, "high": None}
    assert none == {"networks": 0, "mean": unknown, "deviation": None, "lowest": None, "highest": None}
