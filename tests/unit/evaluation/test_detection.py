import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn import metrics as sklearn_metrics

from brushprint.evaluation import detection
from brushprint.evaluation.detection import by_style_and_source, curves, evaluate
from brushprint.stats import bootstrap

# Many equal scores, and both ends of the range.
SCORES = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.5000000000000001, 0.75, 1 - 1e-16, 1.0])
answers = st.lists(st.tuples(st.booleans(), SCORES), min_size=1, max_size=40).map(
    lambda rows: (np.array([ai for ai, _ in rows]), np.array([score for _, score in rows]))
)


@pytest.fixture(autouse=True)
def few_resamples():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "RESAMPLES", 50)
        yield


def drawn(pictures: int, seed: int = 0, skill: float = 1.5, share: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    """Whether each picture is AI (with probability `share`), and scores whose mean log odds differ by `skill`."""
    generator = np.random.default_rng(seed)
    is_ai = generator.random(pictures) < share
    return is_ai, 1 / (1 + np.exp(-generator.normal(skill * (is_ai - 0.5), 1)))


def judged(is_ai: np.ndarray, score: np.ndarray, **given: object) -> dict:
    usual = {"called_ai": score >= 0.5, "groups": np.arange(len(score)), "seed": 0}
    return evaluate(is_ai, score, **usual | given)


@settings(deadline=None, max_examples=60)
@given(answers, st.sampled_from([0.0, 0.3, 0.5, 1.0]))
def test_every_measure_matches_scikit_learn(drawn_answers, cut: float) -> None:
    is_ai, score = drawn_answers
    called = score >= cut
    found = judged(is_ai, score, called_ai=called)
    assert (found["pictures"], found["ai"], found["human"]) == (len(score), is_ai.sum(), (~is_ai).sum())
    assert found["accuracy"]["value"] == pytest.approx(sklearn_metrics.accuracy_score(is_ai, called))
    assert found["majority"] == pytest.approx(max(is_ai.mean(), 1 - is_ai.mean()))
    if is_ai.any():
        assert found["recall"]["value"] == pytest.approx(sklearn_metrics.recall_score(is_ai, called))
        assert found["misses"]["value"] == pytest.approx(1 - found["recall"]["value"])
    if not is_ai.all():
        assert found["false_alarms"]["value"] == pytest.approx(called[~is_ai].mean())
    if is_ai.any() and not is_ai.all():
        assert found["balanced_accuracy"]["value"] == pytest.approx(
            sklearn_metrics.balanced_accuracy_score(is_ai, called)
        )
        assert found["roc_auc"]["value"] == pytest.approx(sklearn_metrics.roc_auc_score(is_ai, score))
        assert found["average_precision"]["value"] == pytest.approx(
            sklearn_metrics.average_precision_score(is_ai, score)
        )


@pytest.mark.filterwarnings("error")
@settings(deadline=None, max_examples=60)
@given(answers, st.integers(1, 9))
def test_any_pictures_give_valid_json_without_warnings(drawn_answers, most: int) -> None:
    is_ai, score = drawn_answers
    found = judged(is_ai, score, groups=np.arange(len(score)) % most)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    for name in detection.MEASURES:
        ends = found[name]
        assert ends["value"] is None or ends["low"] is None or 0 <= ends["low"] <= ends["high"] <= 1


def test_without_pictures_the_measures_are_unknown() -> None:
    found = judged(np.empty(0, bool), np.empty(0))
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert (found["pictures"], found["majority"], found["accuracy"]) == (0, None, detection.UNKNOWN)


def test_too_few_pictures_of_an_origin_are_reported() -> None:
    is_ai = np.repeat([True, False], [9, 12])
    assert judged(is_ai, np.linspace(0, 1, 21))["why"] == "fewer than 10 AI pictures"
    assert judged(np.repeat([True, False], 10), np.linspace(0, 1, 20))["why"] is None


def test_without_false_alarms_among_few_works_the_interval_still_reaches_above_zero() -> None:
    is_ai = np.repeat([True, False], [30, 50])
    found = judged(is_ai, is_ai * 0.8 + 0.1)
    assert found["false_alarms"] == pytest.approx({"value": 0, "low": 0, "high": 0.07135}, abs=1e-5)
    assert found["balanced_accuracy"]["value"] == found["balanced_accuracy"]["high"] == 1
    assert 0.9 < found["balanced_accuracy"]["low"] < 0.93
    # Two near duplicates count as one picture.
    grouped = judged(is_ai, is_ai * 0.8 + 0.1, groups=np.arange(80) // 2)
    assert grouped["false_alarms"]["high"] > 0.13


@given(answers)
def test_the_roc_curve_encloses_its_area_and_the_precision_recall_curve_matches_counting(drawn_answers) -> None:
    is_ai, score = drawn_answers
    found = curves(is_ai, score)
    assert list(found.columns) == ["curve", "x", "y", "threshold"]
    if is_ai.all() or not is_ai.any():
        assert found.empty
        return
    roc, pr = (found[found["curve"] == name] for name in ("roc", "precision_recall"))
    assert np.trapezoid(roc["y"], roc["x"]) == pytest.approx(sklearn_metrics.roc_auc_score(is_ai, score))
    for row in pr.itertuples():
        called = score >= row.threshold
        assert row.x == pytest.approx(called[is_ai].mean())
        assert row.y == pytest.approx(is_ai[called].mean())


def test_the_accuracy_is_reported_for_each_style_of_each_source() -> None:
    table = pd.DataFrame(
        [
            *[("ai", "dalle", "baroque", True)] * 8,
            *[("ai", "dalle", "baroque", False)] * 2,
            *[("ai", "dalle", None, True)] * 3,
            *[("human", "human", "baroque", True)] * 1,
            *[("human", "human", "baroque", False)] * 4,
        ],
        columns=["origin", "source", "style", "called_ai"],
    )
    found = by_style_and_source(table)
    assert found[["source", "style", "pictures"]].values.tolist() == [
        ["dalle", "baroque", 10],
        ["dalle", None, 3],
        ["human", "baroque", 5],
    ]
    assert found["called_ai"].tolist() == pytest.approx([0.8, 1, 0.2])
    assert found["right"].tolist() == pytest.approx([0.8, 1, 0.8])
    for row in found.itertuples():
        # If either end of Wilson's interval were the true share, the observed share would be the 97.5 % or the
        # 2.5 % quantile of the normal approximation.
        for end, z in ((row.right_low, norm.ppf(0.975)), (row.right_high, norm.ppf(0.025))):
            if 0 < end < 1:
                assert (row.right - end) / np.sqrt(end * (1 - end) / row.pictures) == pytest.approx(z)


def test_a_collection_without_styles_has_one_row_per_source() -> None:
    table = pd.DataFrame({"origin": "ai", "source": ["a", "b", "a"], "style": None, "called_ai": True})
    found = by_style_and_source(table)
    assert found[["source", "style", "pictures"]].values.tolist() == [["a", None, 2], ["b", None, 1]]
    assert by_style_and_source(table.head(0)).columns.tolist() == found.columns.tolist()
