import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from brushprint import metrics
from brushprint.errors import UserError

MEASURES = ("accuracy", "balanced_accuracy", "roc_auc")


def frame(true: np.ndarray, scores: np.ndarray, classes: list[str]) -> pd.DataFrame:
    names = np.array(classes)
    table = pd.DataFrame({"label": names[true], "predicted": names[scores.argmax(1)]})
    table[[f"p_{name}" for name in classes]] = scores
    return table


def judged(seed: int, pictures: int, classes: list[str], skill: float = 0.3) -> pd.DataFrame:
    """Predictions that are somewhat right, with many equal scores."""
    generator = np.random.default_rng(seed)
    true = generator.integers(len(classes), size=pictures)
    scores = generator.integers(1, 6, (pictures, len(classes))).astype(float)
    scores[np.arange(pictures), true] += 5 * (generator.random(pictures) < skill)
    return frame(true, scores / scores.sum(1, keepdims=True), classes)


@st.composite
def predictions(draw: st.DrawFn) -> tuple[pd.DataFrame, list[str]]:
    classes = ["ai cubism", "human", "other", "z"][: draw(st.integers(2, 4))]
    return judged(draw(st.integers(0, 10_000)), draw(st.integers(1, 60)), classes), classes


@pytest.fixture(scope="module", autouse=True)
def few_resamples():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metrics, "RESAMPLES", 200)
        yield


@settings(deadline=None, max_examples=25)
@given(predictions())
def test_every_measure_is_that_of_scikit_learn(drawn):
    table, classes = drawn
    found = metrics.evaluate(table, classes, seed=0)
    true, named = table["label"], table["predicted"]
    scores = table[[f"p_{name}" for name in classes]].to_numpy()
    report = sklearn_metrics.classification_report(
        true, named, labels=classes, target_names=classes, output_dict=True, zero_division=0
    )
    assert found["pictures"] == len(table)
    assert found["accuracy"]["value"] == pytest.approx(sklearn_metrics.accuracy_score(true, named))
    expected = sklearn_metrics.recall_score(true, named, labels=sorted(set(true)), average="macro")
    assert found["balanced_accuracy"]["value"] == pytest.approx(expected)
    assert found["loss"] == pytest.approx(sklearn_metrics.log_loss(true, scores, labels=classes))
    assert found["majority"] == pytest.approx(true.value_counts(normalize=True).max())
    assert found["report"] == report
    assert found["confusion"] == sklearn_metrics.confusion_matrix(true, named, labels=classes).tolist()
    if true.nunique() < len(classes):
        assert found["roc_auc"] == {"value": None, "low": None, "high": None}
    elif len(classes) == 2:
        expected = sklearn_metrics.roc_auc_score(true == classes[0], scores[:, 0])
        assert found["roc_auc"]["value"] == pytest.approx(expected)
    else:
        expected = sklearn_metrics.roc_auc_score(true, scores, multi_class="ovr", average="macro", labels=classes)
        assert found["roc_auc"]["value"] == pytest.approx(expected)


def test_balanced_accuracy_is_that_of_scikit_learn():
    true, named = np.array([0, 0, 0, 1, 3, 3]), np.array([0, 2, 0, 1, 0, 3])
    with pytest.warns(UserWarning, match="not in y_true"):
        expected = sklearn_metrics.balanced_accuracy_score(true, named)
    assert metrics.balanced_accuracy(true, named) == pytest.approx(expected)


def test_the_area_counts_ties_half():
    table = pd.DataFrame({"label": ["ai", "ai", "human", "human"], "predicted": "ai", "p_ai": [0.9, 0.5, 0.5, 0.5]})
    found = metrics.evaluate(table.assign(p_human=1 - table["p_ai"]), ["ai", "human"], seed=0)
    assert found["roc_auc"]["value"] == 0.75


@pytest.mark.parametrize("classes", [["ai", "human"], ["ai", "human", "other"]])
@pytest.mark.parametrize("measure", MEASURES)
def test_an_interval_holds_its_value_and_shrinks_with_more_pictures(measure: str, classes: list[str]):
    few, many = (metrics.evaluate(judged(4, n, classes), classes, seed=0)[measure] for n in (60, 2000))
    for interval in (few, many):
        assert 0 <= interval["low"] < interval["value"] < interval["high"] <= 1
    assert many["high"] - many["low"] < (few["high"] - few["low"]) / 3


def test_an_interval_is_about_as_wide_as_the_binomial_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(metrics, "RESAMPLES", 1000)
    found = metrics.evaluate(judged(1, 1000, ["ai", "human"]), ["ai", "human"], seed=0)["accuracy"]
    error = math.sqrt(found["value"] * (1 - found["value"]) / 1000)
    assert found["high"] - found["low"] == pytest.approx(2 * 1.96 * error, rel=0.1)


def test_the_same_seed_gives_the_same_figures_and_another_does_not():
    table = judged(2, 80, ["ai", "human"])
    one, same, other = (metrics.evaluate(table, ["ai", "human"], seed=seed) for seed in (0, 0, 1))
    assert one == same
    assert one["roc_auc"]["low"] != other["roc_auc"]["low"]


@pytest.mark.parametrize("pictures", [1, 2, 5])
def test_one_class_alone_has_no_area_and_everything_is_json(pictures: int):
    scores = np.full((pictures, 3), [0.2, 0.5, 0.3])
    found = metrics.evaluate(frame(np.zeros(pictures, int), scores, ["a", "b", "c"]), ["a", "b", "c"], seed=0)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["roc_auc"] == {"value": None, "low": None, "high": None}
    assert found["accuracy"] == found["balanced_accuracy"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert found["majority"] == 1.0
    assert found["confusion"] == [[0, pictures, 0], [0, 0, 0], [0, 0, 0]]


def test_no_pictures_are_told_in_one_line():
    with pytest.raises(UserError, match="nothing to judge"):
        metrics.evaluate(judged(0, 5, ["ai", "human"]).head(0), ["ai", "human"], seed=0)


def test_classes_come_from_the_columns_in_their_order():
    assert metrics.class_names(judged(0, 5, ["human p_", "ai cubism"])) == ["human p_", "ai cubism"]


@settings(deadline=None, max_examples=15)
@given(predictions())
def test_a_curve_climbs_from_the_origin_to_one_and_holds_the_area(drawn):
    table, classes = drawn
    found = metrics.curve(table, classes)
    drawable = classes[:1] if len(classes) == 2 else classes
    counts = table["label"].value_counts()
    assert found["class"].unique().tolist() == [name for name in drawable if 0 < counts.get(name, 0) < len(table)]
    for name, part in found.groupby("class"):
        false, true = part["false_positive_rate"].to_numpy(), part["true_positive_rate"].to_numpy()
        assert (false[0], true[0], false[-1], true[-1]) == (0, 0, 1, 1)
        assert (np.diff(false) >= 0).all()
        assert (np.diff(true) >= 0).all()
        expected = sklearn_metrics.roc_auc_score(table["label"] == name, table[f"p_{name}"])
        assert np.trapezoid(true, false) == pytest.approx(expected)


def test_the_curve_of_two_classes_is_that_of_the_first():
    assert metrics.curve(judged(0, 50, ["ai", "human"]), ["ai", "human"])["class"].unique() == ["ai"]


def test_without_a_second_class_the_curve_is_empty_but_has_its_columns():
    table = judged(0, 20, ["ai", "human"]).assign(label="ai")
    columns = ["class", "false_positive_rate", "true_positive_rate", "threshold"]
    found = metrics.curve(table, ["ai", "human"])
    assert found.empty
    assert list(found.columns) == columns
