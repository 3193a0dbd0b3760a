"""All measures of a variant, each compared with the module that computes it."""

import json

import numpy as np
import pandas as pd
import pytest

from brushprint.evaluation import abstention, calibration, detection, metrics
from brushprint.evaluation.predictions import predictions_table
from brushprint.evaluation.temperature import apply, log_probabilities
from brushprint.evaluation.thresholds import decide
from brushprint.evaluation.variant import Evaluation, evaluate_variant
from brushprint.stats import bootstrap

CLASSES = ["ai baroque", "ai realism", "human baroque", "human realism"]
RATE = 0.1


@pytest.fixture(autouse=True)
def few_resamples():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "RESAMPLES", 20)
        yield


def split(leaks: int) -> pd.DataFrame:
    """Pictures of all classes, where `leaks` test pictures are near duplicates of a training picture."""
    partitions = np.repeat(["train", "validation", "test"], [40, 60, 80])
    label = np.array(CLASSES)[np.arange(180) % 4]
    words = pd.DataFrame([name.split() for name in label], columns=["origin", "style"])
    table = words.assign(image_id=[f"id{number}" for number in range(180)], partition=partitions, label=label)
    table = table.assign(row=np.arange(180), copy=0, group=np.arange(180), fold=-1)
    table["source"] = np.where(table["origin"] == "human", "human", "dalle")
    table.loc[100 : 99 + leaks, "group"] = 0
    return table


def answers(pictures: pd.DataFrame) -> tuple[pd.DataFrame, dict]:
    """The answers of a network that is right more often than not."""
    held_out = pictures[pictures["partition"] != "train"].reset_index(drop=True)
    logits = np.random.default_rng(0).normal(0, 1.2, (len(held_out), 4))
    logits[np.arange(len(held_out)), pd.Index(CLASSES).get_indexer(held_out["label"])] += 1.5
    p = pd.DataFrame(apply(logits, 1), columns=[f"p_{name}" for name in CLASSES])
    return predictions_table(held_out[["image_id", "partition", "label"]].assign(fold=-1).join(p), pictures, RATE)


def evaluated(leaks: int) -> tuple[Evaluation, pd.DataFrame, dict]:
    pictures = split(leaks)
    predictions, thresholds = answers(pictures)
    # The split also contains oversampled copies of training pictures.
    pictures = pd.concat([pictures, pictures.head(9).assign(copy=1)])
    test = predictions[predictions["partition"] == "test"]
    return evaluate_variant(predictions, thresholds, pictures, seed=3), test, thresholds


def test_each_part_matches_the_module_that_computes_it() -> None:
    found, test, _ = evaluated(leaks=0)
    measured, groups = found.metrics, test["group"].to_numpy()
    assert list(measured) == [
        *("classes", "parts", "says", "validation", "test", "folds", "detection", "leaked", "apart", "calibration"),
        "verdict",
    ]
    assert json.loads(json.dumps(measured, allow_nan=False)) == measured
    assert measured["classes"] == CLASSES
    parts = {"origin": ["ai", "ai", "human", "human"], "style": ["baroque", "realism"] * 2}
    assert measured["parts"] == parts | {"source": ["dalle", "dalle", "human", "human"]} == measured["says"]
    frame = pd.DataFrame(measured["parts"], index=CLASSES)
    assert measured["test"] == metrics.evaluate(test, frame, groups, 3)
    is_ai, score = (test["origin"] == "ai").to_numpy(), test["ai_probability"].to_numpy()
    called = test["called_ai"].to_numpy()
    assert measured["detection"] == detection.evaluate(is_ai, score, called_ai=called, groups=groups, seed=3)
    assert measured["folds"] == 0
    assert (measured["leaked"], measured["apart"]) == (0, None)
    assert measured["validation"]["pictures"] == 60


def test_the_temperature_and_the_band_come_from_the_validation_pictures() -> None:
    found, test, thresholds = evaluated(leaks=0)
    calibrated, verdict = found.metrics["calibration"], found.metrics["verdict"]
    columns = [f"p_{name}" for name in CLASSES]
    labels, groups = pd.Index(CLASSES).get_indexer(test["label"]), test["group"].to_numpy()
    p = apply(log_probabilities(test[columns].to_numpy()), calibrated["temperature"])
    assert calibrated["before"] == calibration.calibration(test[columns].to_numpy(), labels, groups, 3)
    assert calibrated["after"] == calibration.calibration(p, labels, groups, 3)
    assert calibrated["temperature"] != 1
    assert (verdict["human"], verdict["ai"], verdict["rate"]) == (30, 30, RATE)
    assert all(verdict[end] == thresholds["final"][end] for end in ("low", "high", "threshold"))
    is_ai, called = (test["origin"] == "ai").to_numpy(), test["called_ai"].to_numpy()
    verdicts = np.array([decide(score, verdict) for score in p[:, :2].sum(1)])
    expected = abstention.evaluate(is_ai, verdicts, groups, called_ai=called, seed=3)
    assert verdict["test"] == expected


def test_test_pictures_with_a_near_duplicate_in_training_are_counted_and_excluded_from_apart() -> None:
    found, test, _ = evaluated(leaks=7)
    assert found.metrics["leaked"] == 7
    assert found.metrics["test"]["pictures"] == 80
    apart = test[test["group"] != 0]
    frame = pd.DataFrame(found.metrics["parts"], index=CLASSES)
    assert found.metrics["apart"] == metrics.evaluate(apart, frame, apart["group"].to_numpy(), 3)
    assert evaluated(leaks=80)[0].metrics["apart"] is None


def test_the_tables_contain_only_test_pictures() -> None:
    found, test, _ = evaluated(leaks=0)
    pd.testing.assert_frame_equal(found.confusion, test[["label", "predicted"]])
    assert set(found.roc["class"]) == set(CLASSES)
    assert set(found.detection["curve"]) == {"roc", "precision_recall"}
    assert found.styles["pictures"].sum() == 80
    assert len(found.styles) == 4


def test_a_cross_validated_variant_is_tested_on_all_pictures_with_the_temperature_of_each_fold() -> None:
    pictures = split(leaks=7).assign(fold=np.arange(180) % 3)
    known = pictures.assign(partition="validation")
    table, _ = answers(known)
    raw = table[["image_id", "label", *(f"p_{name}" for name in CLASSES)]].assign(
        partition="test", fold=pictures["fold"].to_numpy()
    )
    inner = [raw[raw["fold"] != fold].assign(partition="inner", fold=fold) for fold in range(3)]
    predictions, thresholds = predictions_table(pd.concat([raw, *inner], ignore_index=True), pictures, RATE)
    measured = evaluate_variant(predictions, thresholds, pictures, seed=3).metrics
    assert (measured["test"]["pictures"], measured["folds"], measured["validation"]) == (180, 3, None)
    # Near duplicates share a fold, so that no tested picture has one among those that its head was fitted to.
    assert (measured["leaked"], measured["apart"]) == (0, None)
    assert len({chosen["temperature"] for chosen in thresholds["folds"].values()}) == 3
    assert measured["calibration"]["temperature"] == thresholds["final"]["temperature"]
