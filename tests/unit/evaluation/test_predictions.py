import numpy as np
import pandas as pd
import pytest

from brushprint.evaluation.predictions import calibrated, class_names, predictions_table
from brushprint.evaluation.temperature import apply, log_probabilities
from brushprint.evaluation.thresholds import cut_offs, decide, of_fold

# With this rate, a single human work is enough to call others AI.
RATE = 0.5
ORIGINS = {"human": "human", "dalle": "ai", "midjourney": "ai", "never tested": "ai"}
COLUMNS = [
    *("image_id", "row", "group", "partition", "fold", "origin", "source", "style", "label", "predicted", "outcome"),
    *("probability", "ai_probability", "called_ai", "verdict"),
    *("p_dalle", "p_human", "p_midjourney", "p_never tested"),
]


def split() -> pd.DataFrame:
    """A split of the task `source` with one row per picture, including the training pictures."""
    table = pd.DataFrame(
        [
            ("a", "train", "midjourney", "baroque", 0),
            ("b", "train", "never tested", "baroque", 1),
            ("c", "validation", "human", None, 2),
            ("d", "validation", "dalle", "baroque", 0),
            ("e", "test", "midjourney", "realism", 3),
            ("f", "test", "human", "realism", 2),
        ],
        columns=["image_id", "partition", "label", "style", "group"],
    )
    table = table.assign(source=table["label"], origin=table["label"].map(ORIGINS), copy=0)
    return table.assign(row=np.arange(len(table)) * 10)


def probabilities() -> pd.DataFrame:
    rows = {"c": (0.1, 0.6, 0.3, 0.0), "d": (0.4, 0.35, 0.2, 0.05), "e": (0.3, 0.3, 0.2, 0.2), "f": (0.1, 0.2, 0.7, 0)}
    table = split()[["image_id", "partition", "label"]].query("partition != 'train'").reset_index(drop=True)
    table = table.assign(fold=-1)
    return table.join(pd.DataFrame(rows.values(), columns=COLUMNS[-4:], dtype=float))


def test_the_table_has_one_row_per_picture_with_all_columns_that_the_analyses_need() -> None:
    table, _ = predictions_table(probabilities(), split(), RATE)
    assert table.columns.tolist() == COLUMNS
    assert table["image_id"].tolist() == ["c", "d", "e", "f"]
    kept = ["image_id", "partition", "label", "fold", *COLUMNS[-4:]]
    pd.testing.assert_frame_equal(table[kept], probabilities())
    assert table["row"].tolist() == [20, 30, 40, 50]
    assert table["group"].tolist() == [2, 0, 3, 2]
    assert table["origin"].tolist() == ["human", "ai", "ai", "human"]
    assert table["style"].isna().tolist() == [True, False, False, False]
    # Of two equally likely classes, the first is predicted.
    assert table["predicted"].tolist() == ["human", "dalle", "dalle", "midjourney"]
    assert table["outcome"].tolist() == ["correct", "correct", "misclassified", "misclassified"]
    assert table["probability"].tolist() == [0.6, 0.4, 0.3, 0.7]


def test_the_threshold_comes_from_validation_and_is_applied_to_every_picture() -> None:
    table, thresholds = predictions_table(probabilities(), split(), RATE)
    assert thresholds["origins"] == ORIGINS
    final = thresholds["final"]
    p = apply(log_probabilities(table[COLUMNS[-4:]].to_numpy()), final["temperature"])
    assert table["ai_probability"].tolist() == pytest.approx(p[:, [0, 2, 3]].sum(1))
    is_ai, score = np.array([False, True]), table["ai_probability"][:2].to_numpy()
    expected = cut_offs(is_ai, score, np.array([2, 0]), RATE)
    assert {name: final[name] for name in expected} == expected
    assert (final["human"], thresholds["rate"], thresholds["folds"]) == (1, RATE, {})
    assert table["called_ai"].tolist() == (table["ai_probability"] > final["threshold"]).tolist()
    assert table["verdict"].tolist() == [decide(score, final) for score in table["ai_probability"]]
    assert table["called_ai"].tolist() == [False, True, True, True]


def folded(answers: pd.DataFrame, fold: dict[str, int]) -> pd.DataFrame:
    """The answers that test the pictures, followed by the inner answers that choose the cut-offs of each fold."""
    tested = answers.assign(partition="test", fold=answers["image_id"].map(fold))
    inner = [
        tested[tested["fold"] != number].assign(partition="inner", fold=number) for number in sorted(set(fold.values()))
    ]
    return pd.concat([tested, *inner], ignore_index=True)


def test_inner_answers_choose_for_each_fold_and_the_answers_of_all_folds_for_the_network() -> None:
    answers = folded(probabilities(), {"c": 0, "d": 0, "e": 1, "f": 1})
    table, thresholds = predictions_table(answers, split(), RATE)
    assert table["image_id"].tolist() == ["c", "d", "e", "f"]
    assert set(table["partition"]) == {"test"}
    assert list(thresholds["folds"]) == ["0", "1"]
    for fold, choosing in ((0, ["e", "f"]), (1, ["c", "d"])):
        alone = probabilities()
        alone = alone[alone["image_id"].isin(choosing)].assign(partition="validation")
        chosen = predictions_table(alone, split(), RATE)[1]["final"]
        assert of_fold(thresholds, fold) == chosen
        own = table[table["fold"] == fold]
        assert own["called_ai"].tolist() == (own["ai_probability"] > chosen["threshold"]).tolist()
    everybody = probabilities().assign(partition="validation")
    assert thresholds["final"] == predictions_table(everybody, split(), RATE)[1]["final"]


def test_a_fold_depends_on_none_of_its_own_pictures() -> None:
    fold = {"c": 0, "d": 0, "e": 1, "f": 1}
    answers = probabilities()
    _, thresholds = predictions_table(folded(answers, fold), split(), RATE)
    answers.loc[answers["image_id"] == "d", ["p_dalle", "p_human"]] = [0.05, 0.7]
    _, changed = predictions_table(folded(answers, fold), split(), RATE)
    assert changed["folds"]["0"] == thresholds["folds"]["0"]
    assert changed["folds"]["1"] != thresholds["folds"]["1"]


def test_the_rows_keep_the_order_of_the_probabilities() -> None:
    table, thresholds = predictions_table(probabilities().iloc[::-1].reset_index(drop=True), split(), RATE)
    assert table["image_id"].tolist() == ["f", "e", "d", "c"]
    assert table["called_ai"].tolist() == [True, True, True, False]
    assert thresholds == predictions_table(probabilities(), split(), RATE)[1]


def test_a_class_named_ai_is_not_mistaken_for_the_probability_of_ai() -> None:
    pictures = split().assign(label=["cheap ai", "ai", "human", "ai", "cheap ai", "human"])
    answers = probabilities().set_axis(
        ["image_id", "partition", "label", "fold", "p_ai", "p_human", "p_cheap ai", "p_x"], axis=1
    )
    table, thresholds = predictions_table(answers, pictures, RATE)
    assert table["p_ai"].tolist() == answers["p_ai"].tolist()
    both = calibrated(answers, thresholds["final"]["temperature"])[["p_ai", "p_cheap ai"]].sum(axis=1)
    assert table["ai_probability"].tolist() == pytest.approx(both.tolist())


def test_classes_come_from_the_columns_in_their_order() -> None:
    assert class_names(probabilities()) == ["dalle", "human", "midjourney", "never tested"]
    assert class_names(predictions_table(probabilities(), split(), RATE)[0]) == class_names(probabilities())
    assert class_names(pd.DataFrame(columns=["predicted", "p_human p_", "p_ai"])) == ["human p_", "ai"]
