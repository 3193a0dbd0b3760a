"""The measures of a network on corrupted pictures, and their intervals."""

import numpy as np
import pandas as pd
import pytest

from brushprint.data.corrupted_arrays import CONDITIONS
from brushprint.evaluation.robustness import COLUMNS, MEASURES, evaluate_corrupted, folds_of, rates


def answers(pictures: int = 200, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of AI that become less certain from condition to condition, and whether each picture is AI."""
    generator = np.random.default_rng(seed)
    is_ai = np.arange(pictures) % 4 == 0
    worse = np.linspace(1.5, 0, len(CONDITIONS))
    strength = np.where(is_ai, 1, -1)[:, None] * worse + generator.normal(size=(pictures, len(CONDITIONS)))
    return 1 / (1 + np.exp(-strength)), is_ai


def judged(p_ai: np.ndarray, is_ai: np.ndarray, **changes: object) -> pd.DataFrame:
    given = {"groups": np.arange(len(is_ai)), "threshold": 0.5, "seed": 0, **changes}
    return rates(p_ai > given["threshold"], np.isfinite(p_ai), is_ai, given["groups"], seed=given["seed"])


def row_of(table: pd.DataFrame, name: str, severity: int, measure: str) -> pd.Series:
    chosen = (table["name"] == name) & (table["severity"] == severity) & (table["measure"] == measure)
    return table[chosen].iloc[0]


def test_there_is_one_row_per_condition_and_measure():
    table = judged(*answers())
    assert tuple(table.columns) == COLUMNS
    rows = [(*condition, measure) for condition in CONDITIONS for measure in MEASURES]
    assert list(table[["name", "severity", "measure"]].itertuples(index=False, name=None)) == rows


@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.7])
def test_the_measures_match_counting(threshold: float):
    p_ai, is_ai = answers()
    table = judged(p_ai, is_ai, threshold=threshold)
    called = p_ai > threshold
    for column, (name, severity) in enumerate(CONDITIONS):
        alarms, misses = called[~is_ai, column].mean(), 1 - called[is_ai, column].mean()
        expected = {
            "accuracy": (called[:, column] == is_ai).mean(),
            "balanced_accuracy": 1 - (alarms + misses) / 2,
            "false_alarms": alarms,
            "misses": misses,
        }
        for measure, value in expected.items():
            row = row_of(table, name, severity, measure)
            before = row_of(table, "none", 0, measure)["value"]
            assert row["value"] == pytest.approx(value, abs=1e-6)
            assert row["change"] == pytest.approx(value - before, abs=1e-6)
            assert row["low"] <= row["value"] + 1e-6 and row["high"] >= row["value"] - 1e-6


def test_the_column_pictures_counts_the_pictures_behind_each_measure():
    table = judged(*answers())
    of = table.groupby("measure")["pictures"].unique().map(list).to_dict()
    assert of == {"accuracy": [200], "balanced_accuracy": [200], "false_alarms": [150], "misses": [50]}


def test_a_corruption_that_changes_no_answer_still_has_an_interval_around_no_change():
    p_ai, is_ai = answers()
    table = judged(np.repeat(p_ai[:, 5:6], len(CONDITIONS), axis=1), is_ai)
    changes = table[["change", "change_low", "change_high"]]
    assert (changes["change"] == 0).all()
    assert (changes[table["name"] == "none"] == 0).all().all()
    others = changes[table["name"] != "none"]
    assert (others["change_low"] < 0).all() and (others["change_high"] > 0).all()
    assert (table["high"] > table["low"]).all()


def test_the_interval_of_a_paired_change_is_narrower_than_the_interval_of_the_value():
    p_ai, is_ai = answers()
    nearly = p_ai[:, :1] + np.random.default_rng(1).normal(scale=0.02, size=p_ai.shape)
    row = row_of(judged(nearly, is_ai), "hue", 3, "accuracy")
    assert row["change_high"] - row["change_low"] < 0.7 * (row["high"] - row["low"])


def test_a_picture_without_a_score_under_a_condition_is_excluded_from_its_value_and_its_change():
    p_ai, is_ai = answers()
    p_ai[:120, -1] = np.nan
    swap = row_of(judged(p_ai, is_ai), "swap", 1, "accuracy")
    called = p_ai[120:] >= 0.5
    right = (called == is_ai[120:, None]).mean(0)
    assert swap["pictures"] == 80
    assert swap["value"] == pytest.approx(right[-1])
    assert swap["change"] == pytest.approx(right[-1] - right[0])


def test_a_group_of_near_duplicates_counts_as_one_picture():
    p_ai, is_ai = answers(60)
    four = judged(p_ai.repeat(4, axis=0), is_ai.repeat(4), groups=np.arange(60).repeat(4))
    once, taken_as_more = judged(p_ai, is_ai), judged(p_ai.repeat(4, axis=0), is_ai.repeat(4))
    widths = [(table["high"] - table["low"]).mean() for table in (once, four, taken_as_more)]
    assert widths[1] == pytest.approx(widths[0], rel=0.1)
    assert widths[2] < 0.7 * widths[1]


@pytest.mark.parametrize("is_ai", [np.ones(12, bool), np.zeros(12, bool)])
def test_with_pictures_of_one_origin_the_measures_that_need_the_other_are_unknown(is_ai: np.ndarray):
    p_ai, _ = answers(12)
    table = judged(p_ai, is_ai).set_index("measure")
    absent = "false_alarms" if is_ai.all() else "misses"
    assert table.loc[["balanced_accuracy", absent], "value":"change_high"].isna().all().all()
    assert table.loc["accuracy", "value":"change_high"].notna().all().all()
    assert (table.loc[absent, "pictures"] == 0).all()


def test_without_any_donor_the_measures_of_a_swap_are_unknown():
    p_ai, is_ai = answers(20)
    p_ai[:, -1] = np.nan
    table = judged(p_ai, is_ai)
    assert table.loc[table["name"] == "swap", "value":"change_high"].isna().all().all()
    assert table.loc[table["name"] != "swap", "value":"change_high"].notna().all().all()


def test_the_same_seed_gives_the_same_table_and_another_seed_gives_other_intervals():
    one, again, other = (judged(*answers(), seed=seed) for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(one, again, check_exact=True)
    assert (one["low"] != other["low"]).any()
    pd.testing.assert_series_equal(one["value"], other["value"])


def test_pictures_outside_the_split_and_swaps_without_a_donor_are_excluded():
    p_ai, is_ai = answers(12)
    ids = [f"id{number}" for number in range(12)]
    fold = np.arange(12) % 2
    tested = pd.DataFrame({"image_id": ids, "origin": np.where(is_ai, "ai", "human"), "group": np.arange(12) // 2})
    tested["fold"] = fold
    # The test pictures are in another order, lack two pictures, and include one without corrupted versions.
    tested = pd.concat([tested.drop([0, 7]).iloc[::-1], tested.head(1).assign(image_id="other")])
    swapped = np.arange(12) % 3 > 0
    given = p_ai.copy()
    # The pictures of each fold have their own threshold; in the second, no picture is called AI.
    thresholds = {"final": {}, "folds": {"0": {"threshold": 0.5}, "1": {"threshold": None}}}
    found, scores = evaluate_corrupted(given, ids, swapped.tolist(), tested, thresholds=thresholds, seed=1)
    assert folds_of(ids, tested) == [-1, *fold[1:7], -1, *fold[8:]]
    np.testing.assert_array_equal(given, p_ai)
    kept = np.setdiff1d(np.arange(12), [0, 7])
    expected = p_ai.copy()
    expected[~swapped, CONDITIONS.index(("swap", 1))] = np.nan
    called = (expected > 0.5) & (fold == 0)[:, None]
    direct = rates(called[kept], np.isfinite(expected[kept]), is_ai[kept], (np.arange(12) // 2)[kept], seed=1)
    pd.testing.assert_frame_equal(found, direct)
    assert scores.columns.tolist() == ["name", "severity", "image_id", "p_ai"]
    assert len(scores) == len(kept) * len(CONDITIONS)
    for place, condition in enumerate(CONDITIONS):
        rows = scores[(scores["name"] == condition[0]) & (scores["severity"] == condition[1])]
        assert rows["image_id"].tolist() == [ids[number] for number in kept]
        np.testing.assert_array_equal(rows["p_ai"], expected[kept, place])
