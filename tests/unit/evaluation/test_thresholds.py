import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from brushprint.evaluation.sufficiency import fewest_validated
from brushprint.evaluation.thresholds import (
    MARGIN,
    ai_probability,
    called_ai,
    cut_offs,
    decide,
    of_fold,
    origins_of,
)

RATE = 0.1
# Many equal scores, and both ends of the range.
SCORES = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1 - 1e-16, 1.0])
pictures = st.lists(st.tuples(st.booleans(), SCORES, st.integers(0, 60)), max_size=60).map(
    lambda rows: tuple(np.array([row[at] for row in rows], kind) for at, kind in enumerate((bool, float, int)))
)


def test_the_probability_of_ai_is_the_sum_over_its_classes() -> None:
    table = pd.DataFrame({"p_ai a": [0.1, 1.0], "p_human": [0.7, 0.0], "p_ai b": [0.2, 1e-9]})
    found = ai_probability(table, {"ai a": "ai", "human": "human", "ai b": "ai"})
    assert found.tolist() == pytest.approx([0.3, 1])
    assert found.max() <= 1
    assert ai_probability(table, {"human": "human"}).tolist() == [0, 0]


def test_a_class_that_the_network_does_not_know_adds_no_probability() -> None:
    table = pd.DataFrame({"p_human": [0.5, 0.0], "p_dalle": [0.2, 0.4]})
    origins = {"human": "human", "dalle": "ai", "diffusion": "ai"}
    assert ai_probability(table, origins).tolist() == [0.2, 0.4]


def test_each_class_has_the_origin_of_its_pictures() -> None:
    pictures = pd.DataFrame({"label": ["dalle", "human", "dalle"], "origin": ["ai", "human", "ai"]})
    assert origins_of(pictures) == {"dalle": "ai", "human": "human"}


def alone(human: list[float], ai: list[float]) -> dict:
    """The cut-offs for human and AI works without near duplicates."""
    is_ai = np.arange(len(human) + len(ai)) >= len(human)
    return cut_offs(is_ai, np.array([*human, *ai], float), np.arange(len(is_ai)), RATE)


def beyond(cut: float, log_odds: float) -> float:
    return 1 / (1 + (1 - cut) / cut * np.exp(-log_odds))


def test_each_cut_lies_a_margin_beyond_the_score_that_one_work_in_ten_surpasses() -> None:
    human, ai = np.arange(19) / 100, 0.1 + np.arange(29) / 100
    # The second highest of 19 and the third lowest of 29: the picture to judge counts as a twentieth or thirtieth.
    low, high = beyond(ai[2], -MARGIN), beyond(human[-2], MARGIN)
    found = alone(human, ai)
    assert (found["low"], found["high"], found["threshold"]) == pytest.approx((low, high, high))
    assert (found["human"], found["ai"], found["why"]) == (19, 29, None)


@pytest.mark.parametrize("score", [1e-9, 0.2, 0.5, 0.999])
def test_a_network_with_a_constant_score_is_unsure_despite_rounding_errors(score: float) -> None:
    found = alone([score] * 30, [score] * 30)
    assert {decide(score * nearly, found) for nearly in (1 - 1e-6, 1, 1 + 1e-6)} == {"unsure"}


def test_a_confident_and_correct_network_gives_a_verdict() -> None:
    found = alone([0.0, *np.geomspace(1e-12, 1e-4, 19)], [1.0, *(1 - np.geomspace(1e-12, 1e-4, 19))])
    assert (decide(1e-10, found), decide(1 - 1e-10, found)) == ("human", "ai")


def test_a_score_above_the_band_is_ai_below_it_human_and_within_it_or_at_its_ends_unsure() -> None:
    within = {"low": 0.3, "high": 0.6}
    said = [decide(score, within) for score in (0.0, 0.29, 0.3, 0.5, 0.6, 0.61, 1.0)]
    assert said == ["human", "human", "unsure", "unsure", "unsure", "ai", "ai"]


def test_a_score_between_two_well_separated_origins_is_unsure() -> None:
    found = alone(np.arange(9) / 100, 0.9 + np.arange(9) / 100)
    assert (found["low"], found["high"]) == pytest.approx((beyond(0.08, -MARGIN), beyond(0.9, MARGIN)))
    assert decide(0.5, found) == "unsure"


@pytest.mark.parametrize(
    ("human", "ai", "low", "high", "why"),
    [
        (8, 9, 0.6, None, "fewer than 9 human validation pictures"),
        (9, 8, None, 0.4, "fewer than 9 AI validation pictures"),
        (0, 20, 0.6, None, "fewer than 9 human validation pictures"),
        (0, 0, None, None, "fewer than 9 human and AI validation pictures"),
    ],
)
def test_with_too_few_works_of_one_origin_the_verdict_for_the_other_is_never_given(human, ai, low, high, why) -> None:
    found = alone([0.4] * human, [0.6] * ai)
    ends = [end and pytest.approx(beyond(end, by)) for end, by in ((low, -MARGIN), (high, MARGIN))]
    assert [found["low"], found["high"], found["why"]] == [*ends, why]
    assert (decide(1.0, found) == "ai") == (high is not None)
    assert (decide(0.0, found) == "human") == (low is not None)


@given(pictures)
def test_at_most_one_in_ten_validation_works_is_given_the_other_origin(drawn) -> None:
    is_ai, score, _ = drawn
    found = cut_offs(is_ai, score, np.arange(len(score)), RATE)
    said = np.array([decide(value, found) for value in score], str)
    assert (said[~is_ai] == "ai").sum() <= RATE * (~is_ai).sum()
    assert (said[is_ai] == "human").sum() <= RATE * is_ai.sum()


@given(pictures, st.randoms(use_true_random=False))
def test_the_order_and_the_repetition_of_pictures_change_nothing(drawn, chance) -> None:
    is_ai, score, groups = drawn
    order = np.array(chance.sample(range(len(score)), len(score)) * 2, int)
    assert cut_offs(is_ai[order], score[order], groups[order], RATE) == cut_offs(is_ai, score, groups, RATE)


@given(pictures)
def test_a_verdict_never_turns_from_ai_to_human_as_the_score_rises(drawn) -> None:
    found = cut_offs(*drawn, RATE)
    said = [decide(score, found) for score in np.linspace(0, 1, 101)]
    assert said == sorted(said, key=["human", "unsure", "ai"].index)


@pytest.mark.parametrize("levels", [None, 4])
@pytest.mark.parametrize("validated", [9, 25, 60])
@pytest.mark.parametrize("twins", [1, 3])
def test_at_most_one_in_ten_new_works_is_given_the_other_origin(levels, validated, twins) -> None:
    generator = np.random.default_rng(0)
    trials = 2000
    wrong = {"human": 0, "ai": 0}
    is_ai = np.repeat([False, True], validated * twins)
    groups = np.repeat(np.arange(2 * validated), twins)

    def scores(is_ai: np.ndarray) -> np.ndarray:
        drawn = 1 / (1 + np.exp(-generator.normal(1.5 * is_ai - 0.7, 1)))
        # Near duplicates get nearly the same score. Rounding then makes many scores equal.
        drawn = np.clip(drawn[groups] + generator.normal(0, 0.02, len(groups)), 0, 1)
        return drawn if levels is None else np.round(drawn * levels) / levels

    for _ in range(trials):
        found = cut_offs(is_ai, scores(is_ai[::twins]), groups, RATE)
        new = scores(is_ai[::twins])
        wrong["human"] += decide(new[0], found) == "ai"
        wrong["ai"] += decide(new[-1], found) == "human"
    slack = 3 * np.sqrt(RATE * (1 - RATE) / trials)
    for count in wrong.values():
        assert count / trials <= RATE + slack
        # Without ties and near duplicates, the band is no wider than it has to be.
        if levels is None and twins == 1 and validated == 9:
            assert count / trials >= RATE - slack


@given(pictures, st.sampled_from([0.01, 0.05, 0.1, 0.25, 0.5]))
def test_a_forced_answer_calls_at_most_the_rate_of_validation_works_ai_and_so_does_a_verdict(drawn, rate) -> None:
    is_ai, score, _ = drawn
    found = cut_offs(is_ai, score, np.arange(len(score)), rate)
    forced = called_ai(score, found["threshold"])
    assert forced[~is_ai].sum() <= rate * (~is_ai).sum()
    assert all(forced[place] for place, value in enumerate(score) if decide(value, found) == "ai")
    assert found["recall"] == (pytest.approx(forced[is_ai].mean()) if is_ai.any() else None)
    both = is_ai.any() and not is_ai.all()
    assert found["roc_auc"] == (pytest.approx(roc_auc_score(is_ai, score)) if both else None)


@given(st.integers(2, 400))
def test_with_fewer_works_than_the_rate_can_be_told_from_none_is_called_ai(one_in: int) -> None:
    rate = 1 / one_in
    assert fewest_validated(rate) == one_in - 1
    for human, never in ((one_in - 2, True), (one_in - 1, False)):
        is_ai = np.arange(human + 5) >= human
        found = cut_offs(is_ai, np.where(is_ai, 0.9, 0.1), np.arange(len(is_ai)), rate)
        assert (found["threshold"] is None) == never
        assert called_ai(np.array([1.0]), found["threshold"]).tolist() == [not never]


def test_nineteen_human_works_are_the_fewest_at_five_percent() -> None:
    assert fewest_validated(0.05) == 19


@settings(deadline=None, max_examples=60)
@given(pictures)
def test_any_pictures_give_valid_json(drawn) -> None:
    found = cut_offs(*drawn, RATE)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert all(0 <= found[end] <= 1 for end in ("low", "high", "threshold") if found[end] is not None)


def test_a_fold_has_its_own_cut_offs_and_others_have_those_of_the_network() -> None:
    thresholds = {"final": {"temperature": 1.0}, "folds": {"0": {"temperature": 2.0}}}
    assert [of_fold(thresholds, fold)["temperature"] for fold in (0, 1, -1)] == [2, 1, 1]
