"""The recommended variant is chosen without the pictures that test it."""

import numpy as np
import pandas as pd
import pytest

from brushprint.evaluation import detection
from brushprint.evaluation.recommendation import recommend
from brushprint.stats import bootstrap


@pytest.fixture(autouse=True)
def few_resamples():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "RESAMPLES", 20)
        yield


def chosen(recall: float | None, roc_auc: float | None, folds: dict[str, tuple[float, float]] | None = None) -> dict:
    """What pictures chose for a variant whose figures on them were these; `folds` holds them for each fold."""
    final = {"threshold": 0.5, "why": None, "recall": recall, "roc_auc": roc_auc}
    of_folds = {fold: final | {"recall": one, "roc_auc": other} for fold, (one, other) in (folds or {}).items()}
    return {"rate": 0.05, "final": final, "folds": of_folds}


def answers(skill: float, folds: int = 0) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    is_ai = np.arange(60) % 2 == 0
    score = 1 / (1 + np.exp(-generator.normal(skill * (is_ai - 0.5), 1)))
    table = pd.DataFrame({"origin": np.where(is_ai, "ai", "human"), "ai_probability": score, "called_ai": score > 0.5})
    fold = np.arange(60) // 2 % folds if folds else -1
    return table.assign(image_id=[f"id{number}" for number in range(60)], group=np.arange(60), fold=fold)


def judged(table: pd.DataFrame) -> dict:
    return detection.evaluate(
        (table["origin"] == "ai").to_numpy(),
        table["ai_probability"].to_numpy(),
        called_ai=table["called_ai"].to_numpy(),
        groups=table["group"].to_numpy(),
        seed=3,
    )


@pytest.mark.parametrize(
    ("first", "second", "best"),
    [
        ((0.8, 0.9), (0.7, 0.99), "first"),
        ((0.8, 0.9), (0.8, 0.95), "second"),
        ((0.8, 0.9), (0.8, 0.9), "first"),
        # With too few pictures, no AI work is detected, and the ranking decides.
        ((0.0, 0.6), (0.0, 0.7), "second"),
        ((None, None), (0.0, 0.4), "second"),
    ],
)
def test_recall_at_the_rate_decides_then_roc_auc_then_the_order_of_the_settings(first, second, best) -> None:
    predictions = {"first": answers(0.5), "second": answers(3)}
    found = recommend({"first": chosen(*first), "second": chosen(*second)}, predictions, seed=3)
    assert (found["variant"], found["folds"], found["rate"], found["why"]) == (best, {}, 0.05, None)
    assert found["detection"] == judged(predictions[best])
    rows = [(row["variant"], row["recall"], row["roc_auc"]) for row in found["candidates"]]
    assert rows == [("first", *first), ("second", *second)]


def test_each_fold_is_judged_by_the_variant_that_its_inner_answers_chose() -> None:
    thresholds = {
        "first": chosen(0.1, 0.5, {"0": (0.9, 0.9), "1": (0.5, 0.8), "2": (0.4, 0.7)}),
        "second": chosen(0.9, 0.9, {"0": (0.8, 0.9), "1": (0.6, 0.8), "2": (0.4, 0.8)}),
    }
    predictions = {"first": answers(0.5, folds=3), "second": answers(3, folds=3)}
    found = recommend(thresholds, predictions, seed=3)
    assert found["folds"] == {"0": "first", "1": "second", "2": "second"}
    assert found["variant"] == "second"
    first, second = predictions.values()
    assert found["detection"] == judged(first.where(first["fold"] == 0, second))
    assert [row["recall"] for row in found["candidates"]] == pytest.approx([0.6, 0.6])


def test_only_cross_validated_variants_are_candidates_if_there_are_any() -> None:
    thresholds = {"network": chosen(1.0, 1.0), "head": chosen(0.2, 0.6, {"0": (0.2, 0.6), "1": (0.2, 0.6)})}
    found = recommend(thresholds, {"network": answers(3), "head": answers(1, folds=2)}, seed=3)
    assert found["variant"] == "head"
    assert [row["variant"] for row in found["candidates"]] == ["head"]


def test_too_few_pictures_to_call_any_ai_are_said() -> None:
    few = chosen(0.0, 0.7)
    few["final"] |= {"threshold": None, "why": "fewer than 19 human validation pictures"}
    assert recommend({"one": few}, {"one": answers(1)}, seed=3)["why"] == "fewer than 19 human validation pictures"
