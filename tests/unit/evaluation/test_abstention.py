import json

import numpy as np
import pytest
from hypothesis import given, settings

from brushprint.evaluation.abstention import evaluate
from brushprint.stats import bootstrap
from tests.unit.evaluation.test_thresholds import pictures


@pytest.fixture(autouse=True)
def few_resamples():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "RESAMPLES", 50)
        yield


def judged(is_ai: np.ndarray, score: np.ndarray, groups: np.ndarray, low: float, high: float) -> dict:
    verdicts = np.select([score < low, score > high], ["human", "ai"], "unsure")
    return evaluate(is_ai, verdicts, groups, called_ai=score >= 0.5, seed=0)


def test_each_rate_has_the_denominator_that_its_name_states() -> None:
    is_ai = np.array([False] * 10 + [True] * 10)
    score = np.array([0.9, *[0.1] * 5, *[0.45] * 2, *[0.55] * 2, 0.1, 0.1, *[0.9] * 4, *[0.45] * 3, 0.55])
    found = judged(is_ai, score, np.arange(20), 0.3, 0.7)
    assert (found["pictures"], found["human"], found["ai"]) == (20, 10, 10)
    values = {name: found[name]["value"] for name in ("unsure", "wrong", "human_called_ai", "ai_called_human")}
    assert values == {"unsure": 8 / 20, "wrong": 3 / 12, "human_called_ai": 1 / 10, "ai_called_human": 2 / 10}
    always = {name: value["value"] for name, value in found["always"].items()}
    assert always == {"wrong": 8 / 20, "human_called_ai": 3 / 10, "ai_called_human": 5 / 10}
    for name, value in values.items():
        assert found[name]["low"] < value < found[name]["high"]


def test_a_rate_over_no_pictures_is_unknown() -> None:
    unknown = {"value": None, "low": None, "high": None}
    found = judged(np.array([True] * 4), np.full(4, 0.5), np.arange(4), 0, 1)
    assert found["unsure"]["value"] == 1
    assert found["wrong"] == found["human_called_ai"] == unknown
    assert found["ai_called_human"]["value"] == 0


@pytest.mark.filterwarnings("error")
@settings(deadline=None, max_examples=60)
@given(pictures)
def test_any_pictures_give_valid_json_without_warnings(drawn) -> None:
    found = judged(*drawn, 0.2, 0.6)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_near_duplicates_widen_the_intervals() -> None:
    generator = np.random.default_rng(1)
    is_ai, score = np.repeat(generator.random(60) < 0.5, 4), np.repeat(generator.random(60), 4)
    wide, narrow = (
        judged(is_ai, score, groups, 0.4, 0.6)["unsure"] for groups in (np.repeat(np.arange(60), 4), np.arange(240))
    )
    assert wide["value"] == narrow["value"]
    assert wide["high"] - wide["low"] > 1.5 * (narrow["high"] - narrow["low"])
