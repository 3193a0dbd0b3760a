import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from brushprint.evaluation.thresholds import ai_probability, cuts, origins_of, strict_threshold, threshold

# Many equal scores, and both ends of the range.
SCORES = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.5000000000000001, 0.75, 1 - 1e-16, 1.0])
answers = st.lists(st.tuples(st.booleans(), SCORES), min_size=1, max_size=40).map(
    lambda rows: (np.array([ai for ai, _ in rows]), np.array([score for _, score in rows]))
)


def test_the_probability_of_ai_is_the_sum_over_its_classes() -> None:
    table = pd.DataFrame({"p_ai a": [0.1, 1.0], "p_human": [0.7, 0.0], "p_ai b": [0.2, 1e-9]})
    found = ai_probability(table, {"ai a": "ai", "human": "human", "ai b": "ai"})
    assert found.tolist() == pytest.approx([0.3, 1])
    assert found.max() <= 1
    assert ai_probability(table, {"human": "human"}).tolist() == [0, 0]


@settings(deadline=None)
@given(answers)
def test_the_threshold_maximises_balanced_accuracy_and_is_a_half_if_none_is_better_than_guessing(drawn_answers) -> None:
    is_ai, score = drawn_answers
    assume(is_ai.any() and not is_ai.all())
    found = threshold(is_ai, score)

    def balanced(cut: float) -> float:
        return sklearn_metrics.recall_score(is_ai, score >= cut, average="macro", zero_division=0)

    best = max(balanced(cut) for cut in np.append(score, 2))
    assert balanced(found) == pytest.approx(best) if best > 0.5 + 1e-9 else found == 0.5


def test_the_threshold_lies_midway_between_two_scores_and_of_equally_good_ones_nearest_a_half() -> None:
    is_ai = np.array([False, True])
    assert threshold(is_ai, np.array([0.2, 0.4])) == pytest.approx(0.3)
    # The human and the AI work in the middle cancel out: the cuts below and above both are equally good.
    is_ai = np.array([False, True, False, True])
    assert threshold(is_ai, np.array([0.1, 0.2, 0.6, 0.7])) == pytest.approx(0.65)
    assert threshold(is_ai, np.array([0.2, 0.4, 0.8, 0.9])) == pytest.approx(0.3)
    assert threshold(np.array([False, True]), np.array([0.5, np.nextafter(0.5, 1)])) == np.nextafter(0.5, 1)


@pytest.mark.parametrize("is_ai", [[True, True], [False, False], [], [True, False]])
def test_the_threshold_is_a_half_if_no_cut_is_better_than_guessing(is_ai: list[bool]) -> None:
    assert threshold(np.array(is_ai, bool), np.array([0.3, 0.9])[: len(is_ai)]) == 0.5


@given(answers)
def test_the_strict_threshold_calls_at_most_one_human_work_in_a_hundred_ai(drawn_answers) -> None:
    is_ai, score = (np.tile(values, 20) for values in drawn_answers)
    found = strict_threshold(is_ai, score)
    human = score[~is_ai]
    assert found["human"] == len(human)
    if not len(human):
        assert found == {"threshold": None, "human": 0, "why": "no human validation pictures"}
        return
    assert (human >= found["threshold"]).mean() <= 0.01
    # A lower threshold would call too many human works AI, because many share the next lower score.
    assert (human >= human[human < found["threshold"]].max()).mean() > 0.01
    assert (found["why"] is None) == (len(human) >= 100)


def test_a_class_that_the_network_does_not_know_adds_no_probability() -> None:
    table = pd.DataFrame({"p_human": [0.5, 0.0], "p_dalle": [0.2, 0.4]})
    origins = {"human": "human", "dalle": "ai", "diffusion": "ai"}
    assert ai_probability(table, origins).tolist() == [0.2, 0.4]


def test_both_thresholds_are_computed_from_the_same_pictures() -> None:
    is_ai, score = np.array([False, True, False, True]), np.array([0.1, 0.4, 0.2, 0.9])
    assert cuts(is_ai, score) == {"threshold": threshold(is_ai, score), "strict": strict_threshold(is_ai, score)}


def test_each_class_has_the_origin_of_its_pictures() -> None:
    pictures = pd.DataFrame({"label": ["dalle", "human", "dalle"], "origin": ["ai", "human", "ai"]})
    assert origins_of(pictures) == {"dalle": "ai", "human": "human"}
