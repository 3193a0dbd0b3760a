"""Comparison of the variants: their headline measures, and whether their differences exceed chance."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from brushprint.stats.significance import Comparison, compare

HEADLINES = ("accuracy", "balanced_accuracy", "roc_auc", "majority", "loss", "pictures")
# Every variant answers this question, whatever its task.
HUMAN_OR_AI = "human or AI"


def headlines(metrics: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The measures `HEADLINES` on the test pictures of each variant, taken from its metrics."""
    return {name: {key: measured["test"][key] for key in HEADLINES} for name, measured in metrics.items()}


def compare_variants(predictions: Mapping[str, pd.DataFrame], tasks: Mapping[str, str], seed: int) -> list[Comparison]:
    """Compare every pair of variants on the test pictures that both have.

    Parameters
    ----------
    predictions : by variant, the predictions for its test pictures, see
        `brushprint.evaluation.predictions.predictions_table`
    tasks : by variant, its task
    seed : seed of the bootstrap

    Returns
    -------
    One row for each pair, see `brushprint.stats.significance.compare`. The first rows compare how often all variants
    are right about "human or AI", each at its own threshold. The next rows compare how often the variants of each other
    task predict the right class. p-values are corrected within each question.
    """
    tables = {name: table.set_index("image_id") for name, table in predictions.items()}
    groups = pd.concat([table["group"] for table in tables.values()])
    groups = groups[~groups.index.duplicated()]
    origin_right = {name: table["called_ai"] == (table["origin"] == "ai") for name, table in tables.items()}
    rows = compare(origin_right, groups, HUMAN_OR_AI, seed)
    for task in dict.fromkeys(tasks.values()):
        if task != "origin":
            right = {name: tables[name]["outcome"] == "correct" for name in tables if tasks[name] == task}
            rows += compare(right, groups, task, seed)
    return rows
