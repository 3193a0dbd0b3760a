import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brushprint.evaluation.abstention import LEVEL, MARGIN, band, decide, evaluate
from brushprint.stats import bootstrap

# Many equal scores, and both ends of the range.
SCORES = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1 - 1e-16, 1.0])
pictures = st.lists(st.tuples(st.booleans(), SCORES, st.integers(0, 60)), max_size=60).map(
    lambda rows: tuple(np.array([row[at] for row in rows], kind) for at, kind in enumerate((bool, float, int)))
)


@pytest.fixture(autouse=True)
def few_resamples():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "RESAMPLES", 50)
        yield


def alone(human: list[float], ai: list[float]) -> dict:
    """The band for human and AI works without near duplicates."""
    is_ai = np.arange(len(human) + len(ai)) >= len(human)
    return band(is_ai, np.array([*human, *ai], float), np.arange(len(is_ai)))


def judged(is_ai: np.ndarray, score: np.ndarray, groups: np.ndarray, within: dict) -> dict:
    return evaluate(is_ai, score, groups, within, called_ai=score >= 0.5, seed=0)


def beyond(cut: float, log_odds: float) -> float:
    return 1 / (1 + (1 - cut) / cut * np.exp(-log_odds))


def test_each_cut_lies_a_margin_beyond_the_score_that_one_work_in_ten_surpasses() -> None:
    human, ai = np.arange(19) / 100, 0.1 + np.arange(29) / 100
    # The second highest of 19 and the third lowest of 29: the picture to judge counts as a twentieth or thirtieth.
    low, high = beyond(ai[2], -MARGIN), beyond(human[-2], MARGIN)
    assert alone(human, ai) == {"low": pytest.approx(low), "high": pytest.approx(high)} | {
        **{"human": 19, "ai": 29, "why": None}
    }


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
    found = band(is_ai, score, np.arange(len(score)))
    said = np.array([decide(value, found) for value in score], str)
    assert (said[~is_ai] == "ai").sum() <= LEVEL * (~is_ai).sum()
    assert (said[is_ai] == "human").sum() <= LEVEL * is_ai.sum()


@given(pictures, st.randoms(use_true_random=False))
def test_the_order_and_the_repetition_of_pictures_change_nothing(drawn, chance) -> None:
    is_ai, score, groups = drawn
    order = np.array(chance.sample(range(len(score)), len(score)) * 2, int)
    assert band(is_ai[order], score[order], groups[order]) == band(is_ai, score, groups)


@given(pictures)
def test_a_verdict_never_turns_from_ai_to_human_as_the_score_rises(drawn) -> None:
    found = band(*drawn)
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
        found = band(is_ai, scores(is_ai[::twins]), groups)
        new = scores(is_ai[::twins])
        wrong["human"] += decide(new[0], found) == "ai"
        wrong["ai"] += decide(new[-1], found) == "human"
    slack = 3 * np.sqrt(LEVEL * (1 - LEVEL) / trials)
    for count in wrong.values():
        assert count / trials <= LEVEL + slack
        # Without ties and near duplicates, the band is no wider than it has to be.
        if levels is None and twins == 1 and validated == 9:
            assert count / trials >= LEVEL - slack


def test_each_rate_has_the_denominator_that_its_name_states() -> None:
    is_ai = np.array([False] * 10 + [True] * 10)
    score = np.array([0.9, *[0.1] * 5, *[0.45] * 2, *[0.55] * 2, 0.1, 0.1, *[0.9] * 4, *[0.45] * 3, 0.55])
    found = judged(is_ai, score, np.arange(20), {"low": 0.3, "high": 0.7})
    assert (found["pictures"], found["human"], found["ai"]) == (20, 10, 10)
    values = {name: found[name]["value"] for name in ("unsure", "wrong", "human_called_ai", "ai_called_human")}
    assert values == {"unsure": 8 / 20, "wrong": 3 / 12, "human_called_ai": 1 / 10, "ai_called_human": 2 / 10}
    always = {name: value["value"] for name, value in found["always"].items()}
    assert always == {"wrong": 8 / 20, "human_called_ai": 3 / 10, "ai_called_human": 5 / 10}
    for name, value in values.items():
        assert found[name]["low"] < value < found[name]["high"]


def test_a_rate_over_no_pictures_is_unknown() -> None:
    unknown = {"value": None, "low": None, "high": None}
    found = judged(np.array([True] * 4), np.full(4, 0.5), np.arange(4), {"low": None, "high": None})
    assert found["unsure"]["value"] == 1
    assert found["wrong"] == found["human_called_ai"] == unknown
    assert found["ai_called_human"]["value"] == 0


@pytest.mark.filterwarnings("error")
@settings(deadline=None, max_examples=60)
@given(pictures)
def test_any_pictures_give_valid_json_without_warnings(drawn) -> None:
    found = band(*drawn)
    found |= {"test": judged(*drawn, found)}
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_near_duplicates_widen_the_intervals() -> None:
    generator = np.random.default_rng(1)
    is_ai, score = np.repeat(generator.random(60) < 0.5, 4), np.repeat(generator.random(60), 4)
    within = {"low": 0.4, "high": 0.6}
    wide, narrow = (
        judged(is_ai, score, groups, within)["unsure"] for groups in (np.repeat(np.arange(60), 4), np.arange(240))
    )
    assert wide["value"] == narrow["value"]
    assert wide["high"] - wide["low"] > 1.5 * (narrow["high"] - narrow["low"])
