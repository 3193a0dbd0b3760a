import numpy as np
import pandas as pd
import pytest

from brushprint.evaluation.predictions import class_names, predictions_table

ORIGINS = {"human": "human", "dalle": "ai", "midjourney": "ai", "never tested": "ai"}
COLUMNS = [
    *("image_id", "row", "group", "partition", "origin", "source", "style", "label", "predicted", "outcome"),
    *("probability", "ai_probability", "called_ai"),
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
    return table.join(pd.DataFrame(rows.values(), columns=COLUMNS[-4:], dtype=float))


def test_the_table_has_one_row_per_picture_with_all_columns_that_the_analyses_need() -> None:
    table, _ = predictions_table(probabilities(), split())
    assert table.columns.tolist() == COLUMNS
    assert table["image_id"].tolist() == ["c", "d", "e", "f"]
    pd.testing.assert_frame_equal(table[["image_id", "partition", "label", *COLUMNS[-4:]]], probabilities())
    assert table["row"].tolist() == [20, 30, 40, 50]
    assert table["group"].tolist() == [2, 0, 3, 2]
    assert table["origin"].tolist() == ["human", "ai", "ai", "human"]
    assert table["style"].isna().tolist() == [True, False, False, False]
    # Of two equally likely classes, the first is predicted.
    assert table["predicted"].tolist() == ["human", "dalle", "dalle", "midjourney"]
    assert table["outcome"].tolist() == ["correct", "correct", "misclassified", "misclassified"]
    assert table["probability"].tolist() == [0.6, 0.4, 0.3, 0.7]
    assert table["ai_probability"].tolist() == pytest.approx([0.4, 0.65, 0.7, 0.8])


def test_the_threshold_comes_from_validation_and_is_applied_to_every_picture() -> None:
    table, thresholds = predictions_table(probabilities(), split())
    assert thresholds["origins"] == ORIGINS
    assert thresholds["threshold"] == pytest.approx((0.4 + 0.65) / 2)
    assert thresholds["strict"]["human"] == 1
    assert table["called_ai"].tolist() == [False, True, True, True]


def test_the_rows_keep_the_order_of_the_probabilities() -> None:
    table, thresholds = predictions_table(probabilities().iloc[::-1].reset_index(drop=True), split())
    assert table["image_id"].tolist() == ["f", "e", "d", "c"]
    assert table["called_ai"].tolist() == [True, True, True, False]
    assert thresholds == predictions_table(probabilities(), split())[1]


def test_a_class_named_ai_is_not_mistaken_for_the_probability_of_ai() -> None:
    pictures = split().assign(label=["cheap ai", "ai", "human", "ai", "cheap ai", "human"])
    answers = probabilities().set_axis(
        ["image_id", "partition", "label", "p_ai", "p_human", "p_cheap ai", "p_x"], axis=1
    )
    table, _ = predictions_table(answers, pictures)
    assert table["p_ai"].tolist() == answers["p_ai"].tolist()
    assert table["ai_probability"].tolist() == pytest.approx([0.4, 0.6, 0.5, 0.8])


def test_classes_come_from_the_columns_in_their_order() -> None:
    assert class_names(probabilities()) == ["dalle", "human", "midjourney", "never tested"]
    assert class_names(predictions_table(probabilities(), split())[0]) == class_names(probabilities())
    assert class_names(pd.DataFrame(columns=["predicted", "p_human p_", "p_ai"])) == ["human p_", "ai"]
