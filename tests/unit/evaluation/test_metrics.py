import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from brushprint.core.errors import UserError
from brushprint.data.taxonomy import with_classes
from brushprint.evaluation import metrics
from brushprint.stats import bootstrap

MEASURES = ("accuracy", "balanced_accuracy", "roc_auc", "loss")
UNDEFINED = {"value": None, "low": None, "high": None}


def frame(true: np.ndarray, scores: np.ndarray, classes: list[str]) -> pd.DataFrame:
    names = np.array(classes)
    table = pd.DataFrame({"label": names[true], "predicted": names[scores.argmax(1)]})
    table[[f"p_{name}" for name in classes]] = scores
    return table


def judged(seed: int, pictures: int, classes: list[str], skill: float = 0.3) -> pd.DataFrame:
    """Predictions that are right more often than by chance, with many equal scores."""
    generator = np.random.default_rng(seed)
    true = generator.integers(len(classes), size=pictures)
    scores = generator.integers(1, 6, (pictures, len(classes))).astype(float)
    scores[np.arange(pictures), true] += 5 * (generator.random(pictures) < skill)
    return frame(true, scores / scores.sum(1, keepdims=True), classes)


def evaluate(table: pd.DataFrame, classes: list[str], seed: int = 0, groups: np.ndarray | None = None) -> dict:
    """The measures; without `groups`, every picture is a group of its own."""
    groups = np.arange(len(table)) if groups is None else groups
    return metrics.evaluate(table, pd.DataFrame(index=classes), groups, seed)


@st.composite
def predictions(draw: st.DrawFn) -> tuple[pd.DataFrame, list[str]]:
    classes = ["ai cubism", "human", "other", "z"][: draw(st.integers(2, 4))]
    return judged(draw(st.integers(0, 10_000)), draw(st.integers(1, 60)), classes), classes


@pytest.fixture(scope="module", autouse=True)
def few_resamples():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "RESAMPLES", 200)
        yield


@settings(deadline=None, max_examples=25)
@given(predictions())
def test_every_measure_matches_scikit_learn(drawn):
    table, classes = drawn
    found = evaluate(table, classes)
    true, named = table["label"], table["predicted"]
    scores = table[[f"p_{name}" for name in classes]].to_numpy()
    present = sorted(set(true))
    assert found["pictures"] == len(table)
    assert found["accuracy"]["value"] == pytest.approx(sklearn_metrics.accuracy_score(true, named))
    expected = sklearn_metrics.recall_score(true, named, labels=present, average="macro", zero_division=0)
    assert found["balanced_accuracy"]["value"] == pytest.approx(expected)
    assert found["loss"]["value"] == pytest.approx(sklearn_metrics.log_loss(true, scores, labels=classes))
    assert found["majority"] == pytest.approx(true.value_counts(normalize=True).max())
    assert found["confusion"] == sklearn_metrics.confusion_matrix(true, named, labels=classes).tolist()
    if len(present) == 1:
        assert found["roc_auc"] == UNDEFINED
    else:
        compared = classes[:1] if len(classes) == 2 else present
        areas = [sklearn_metrics.roc_auc_score(true == name, table[f"p_{name}"]) for name in compared]
        assert found["roc_auc"]["value"] == pytest.approx(np.mean(areas))


@settings(deadline=None, max_examples=25)
@given(predictions())
def test_the_report_matches_scikit_learn_on_the_classes_that_have_pictures(drawn):
    table, classes = drawn
    found = evaluate(table, classes)
    present = sorted(set(table["label"]))
    expected = sklearn_metrics.classification_report(
        table["label"], table["predicted"], labels=present, output_dict=True, zero_division=0
    )
    assert list(found["report"]) == [*classes, "macro avg", "weighted avg"]
    for name, row in found["report"].items():
        if name in expected:
            assert {key: row[key]["value"] for key in metrics.SCORES} == pytest.approx(
                {key: expected[name][key] for key in metrics.SCORES}
            )
            assert row["support"] == expected[name]["support"]
        else:
            assert row == dict.fromkeys(metrics.SCORES, UNDEFINED) | {"support": 0}
    assert found["report"]["macro avg"]["recall"] == found["balanced_accuracy"]
    assert found["report"]["weighted avg"]["recall"] == pytest.approx(found["accuracy"])


def test_the_roc_area_counts_ties_half():
    table = pd.DataFrame({"label": ["ai", "ai", "human", "human"], "predicted": "ai", "p_ai": [0.9, 0.5, 0.5, 0.5]})
    found = evaluate(table.assign(p_human=1 - table["p_ai"]), ["ai", "human"])
    assert found["roc_auc"]["value"] == 0.75


@pytest.mark.filterwarnings("ignore:All-NaN slice")
@settings(deadline=None, max_examples=15)
@given(predictions(), st.integers(1, 60))
def test_a_resample_is_evaluated_like_a_data_set_of_its_pictures(drawn, most: int):
    table, classes = drawn
    groups = np.arange(len(table)) % most
    weights = next(bootstrap.weights(groups, 7))[:, 0].astype(int)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "RESAMPLES", 1)
        resampled = evaluate(table, classes, seed=7, groups=groups)
    alone = evaluate(table.loc[table.index.repeat(weights)], classes)
    for measure in MEASURES:
        if resampled[measure]["value"] is not None and alone[measure]["value"] is not None:
            assert resampled[measure]["low"] == pytest.approx(alone[measure]["value"])


@settings(deadline=None, max_examples=15)
@given(predictions(), st.sampled_from([1, 7, 64]))
def test_the_size_of_a_chunk_changes_nothing(drawn, chunk: int):
    table, classes = drawn
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "RESAMPLES", 20)
        expected = evaluate(table, classes)
        patch.setattr(bootstrap, "_CHUNK", chunk)
        found = evaluate(table, classes)
    for measure in MEASURES:
        assert found[measure] == pytest.approx(expected[measure])


def test_top_k_matches_scikit_learn_and_is_computed_only_below_the_number_of_classes():
    generator = np.random.default_rng(0)
    for classes, ks in ((2, []), (3, [2]), (5, [2, 3]), (6, [2, 3, 5])):
        true, scores = generator.integers(classes, size=200), generator.dirichlet(np.ones(classes), 200)
        names = [f"class {number}" for number in range(classes)]
        found = evaluate(frame(true, scores, names), names)["top"]
        assert list(found) == [str(k) for k in ks]
        for k in ks:
            expected = sklearn_metrics.top_k_accuracy_score(true, scores, k=k, labels=range(classes))
            assert found[str(k)]["value"] == pytest.approx(expected)
            assert found[str(k)]["low"] < expected < found[str(k)]["high"]


def test_top_k_breaks_ties_in_class_order_like_the_prediction():
    found = evaluate(frame(np.arange(4), np.full((4, 4), 0.25), list("abcd")), list("abcd"))
    assert (found["accuracy"]["value"], found["top"]["2"]["value"], found["top"]["3"]["value"]) == (0.25, 0.5, 0.75)


STYLED = pd.DataFrame(
    {
        "origin": ["ai", "ai", "human", "human", "ai"],
        "source": ["dalle", "dalle", "human", "human", "midjourney"],
        "style": ["baroque", "realism", "baroque", "realism", "realism"],
        "folder": ["D_baroque", "D_realism", "baroque", "realism", "M_realism"],
    }
)


@pytest.mark.parametrize(
    ("task", "columns"),
    [
        ("origin", []),
        ("source", ["origin"]),
        ("origin_style", ["origin", "style"]),
        ("source_style", ["origin", "source", "style"]),
        ("folder", ["origin", "source", "style"]),
    ],
)
def test_the_parts_of_a_task_are_the_columns_that_its_classes_determine(task: str, columns: list[str]):
    pictures = with_classes(STYLED, task)
    classes = sorted(set(pictures["label"]), reverse=True)
    parts = metrics.parts_of(pictures, classes)
    assert list(parts.columns) == columns
    assert list(parts.index) == classes
    for row in pictures.itertuples():
        assert all(parts.loc[row.label, column] == getattr(row, column) for column in columns)


def test_the_style_is_no_part_if_some_pictures_have_none():
    pictures = pd.concat([STYLED, STYLED.tail(1).assign(style=None)])
    for table in (pictures, STYLED.assign(style=None)):
        labelled = with_classes(table, "folder")
        assert list(metrics.parts_of(labelled, sorted(set(labelled["label"]))).columns) == ["origin", "source"]


def test_a_part_is_predicted_from_the_summed_probabilities_of_its_classes():
    parts = pd.DataFrame({"origin": ["ai", "ai", "human"]}, index=["ai baroque", "ai realism", "human"])
    scores = np.array([[0.3, 0.3, 0.4], [0.1, 0.2, 0.7], [0.35, 0.25, 0.4], [0.5, 0.2, 0.3]])
    found = metrics.evaluate(frame(np.array([0, 1, 2, 1]), scores, list(parts.index)), parts, np.arange(4), seed=0)
    assert found["accuracy"]["value"] == 0.25
    assert found["parts"]["origin"]["accuracy"]["value"] == 0.5
    assert found["parts"]["origin"]["majority"] == 0.75


def test_a_part_with_one_class_per_value_has_the_accuracy_of_the_classes():
    table = judged(3, 90, list("abc"))
    found = metrics.evaluate(table, pd.DataFrame({"style": list("xyz")}, index=list("abc")), np.arange(90), seed=0)
    assert found["parts"]["style"] == {"accuracy": found["accuracy"], "majority": found["majority"]}


@pytest.mark.parametrize("classes", [["ai", "human"], ["ai", "human", "other"]])
@pytest.mark.parametrize("measure", MEASURES)
def test_an_interval_contains_its_value_and_shrinks_with_more_pictures(measure: str, classes: list[str]):
    few, many = (evaluate(judged(4, n, classes), classes)[measure] for n in (60, 2000))
    for interval in (few, many):
        assert 0 <= interval["low"] < interval["value"] < interval["high"]
    assert many["high"] - many["low"] < (few["high"] - few["low"]) / 3


def test_an_interval_is_about_as_wide_as_the_binomial_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bootstrap, "RESAMPLES", 1000)
    found = evaluate(judged(1, 1000, ["ai", "human"]), ["ai", "human"])["accuracy"]
    error = math.sqrt(found["value"] * (1 - found["value"]) / 1000)
    assert found["high"] - found["low"] == pytest.approx(2 * 1.96 * error, rel=0.1)


def test_the_same_seed_gives_the_same_figures_and_another_does_not():
    table = judged(2, 80, ["ai", "human"])
    one, same, other = (evaluate(table, ["ai", "human"], seed) for seed in (0, 0, 1))
    assert one == same
    assert one["roc_auc"]["low"] != other["roc_auc"]["low"]


@pytest.mark.parametrize("pictures", [1, 2, 5])
def test_a_single_class_has_no_roc_area_and_gives_valid_json(pictures: int):
    scores = np.full((pictures, 3), [0.2, 0.5, 0.3])
    found = evaluate(frame(np.zeros(pictures, int), scores, ["a", "b", "c"]), ["a", "b", "c"])
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["roc_auc"] == UNDEFINED
    assert found["accuracy"] == found["balanced_accuracy"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert found["majority"] == 1.0
    assert found["confusion"] == [[0, pictures, 0], [0, 0, 0], [0, 0, 0]]


def test_a_table_without_pictures_is_reported_as_a_user_error():
    with pytest.raises(UserError, match="it cannot be evaluated"):
        evaluate(judged(0, 5, ["ai", "human"]).head(0), ["ai", "human"])


@settings(deadline=None, max_examples=15)
@given(predictions())
def test_a_roc_curve_rises_from_zero_to_one_and_encloses_the_roc_area(drawn):
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


def test_for_two_classes_there_is_only_the_curve_of_the_first():
    assert metrics.curve(judged(0, 50, ["ai", "human"]), ["ai", "human"])["class"].unique() == ["ai"]


def test_without_a_second_class_the_curve_is_empty_but_has_its_columns():
    table = judged(0, 20, ["ai", "human"]).assign(label="ai")
    columns = ["class", "false_positive_rate", "true_positive_rate", "threshold"]
    found = metrics.curve(table, ["ai", "human"])
    assert found.empty
    assert list(found.columns) == columns
