"""The predictions table of a variant: the facts and predictions that all analyses need, computed once per picture."""

import numpy as np
import pandas as pd

from brushprint.data.deliveries import CHOOSING
from brushprint.evaluation import temperature as scaling
from brushprint.evaluation.thresholds import (
    Chosen,
    Scores,
    Thresholds,
    ai_probability,
    called_ai,
    cut_offs,
    decide,
    of_fold,
    origins_of,
)

# The columns that are taken from the table of the split.
FACTS = ("image_id", "row", "group", "origin", "source", "style")


def predictions_table(
    probabilities: pd.DataFrame, pictures: pd.DataFrame, rate: float, delivered: pd.DataFrame | None = None
) -> tuple[pd.DataFrame, Thresholds]:
    """Join a variant's probabilities with the facts of its pictures, and choose its temperature and cut-offs.

    For each fold of a cross-validated variant, its inner answers choose the temperature and the cut-offs, which are
    applied to the answers for the fold's own pictures. The answers for all folds then choose those of the network
    itself, which is fitted to all of these pictures. For other variants, the validation pictures choose them.

    Parameters
    ----------
    probabilities : see `brushprint.training.inference.infer` and `brushprint.training.folds.cross_validated`
    pictures : one row for each picture of the split, including training pictures; columns `label` (class) and `FACTS`
    rate : the share of human works that may be called AI
    delivered : such probabilities of delivered pictures, with the column `delivery`, one of
        `brushprint.data.deliveries.DELIVERIES`. Those of `CHOOSING` take part in choosing the limits of the verdicts

    Returns
    -------
    table : the rows of `probabilities` that are not `inner`, in the same order, with the columns

        - `image_id`, `row` (in the pixel array) and `group` (the same number for near duplicates)
        - `partition`, `fold`, `origin`, `source`, `style` and `label` (the true class)
        - `predicted` (the likeliest class), `outcome` (`correct` or `misclassified`) and `probability` (of the
          predicted class)
        - `ai_probability`, the calibrated probability of AI; `called_ai` (bool), whether the picture is called AI if
          an answer is forced; and `verdict`, `human`, `ai` or `unsure`, see `brushprint.evaluation.thresholds`
        - `changes` (bool), whether the verdict would be human or AI, depending on the delivery; `verdict` is then
          `unsure`. It is false for pictures that were not delivered
        - `p_<class>`, float64, not calibrated, in the order of the network's outputs
    thresholds : what was chosen
    """
    origins = origins_of(pictures)
    table = probabilities.merge(pictures[list(FACTS)], on="image_id", validate="many_to_one")
    sent = None if delivered is None else delivered.merge(pictures[list(FACTS)], on="image_id", validate="many_to_one")
    inner = table["partition"] == "inner"
    folds = {
        str(fold): _choose(table, sent, origins, rate, partition="inner", fold=fold)
        for fold in sorted(table.loc[inner, "fold"].unique())
    }
    # The pictures of all folds were tested, but the network itself is not.
    final = _choose(table, sent, origins, rate, partition="test" if folds else "validation")
    thresholds: Thresholds = {"origins": origins, "rate": rate, "final": final, "folds": folds}
    table = _with_verdicts(table[~inner].reset_index(drop=True), thresholds)
    table["changes"] = False
    if delivered is not None:
        table["changes"] = table["image_id"].isin(_changing(table, delivered_table(delivered, pictures, thresholds)))
        table["verdict"] = table["verdict"].mask(table["changes"], "unsure")
    classes = class_names(table)
    of_classes = table[[f"p_{name}" for name in classes]]
    table["predicted"] = np.array(classes)[of_classes.to_numpy().argmax(1)]
    table["outcome"] = np.where(table["label"] == table["predicted"], "correct", "misclassified")
    table["probability"] = of_classes.to_numpy().max(1)
    columns = [
        *("image_id", "row", "group", "partition", "fold", "origin", "source", "style", "label"),
        *("predicted", "outcome", "probability", "ai_probability", "called_ai", "verdict", "changes"),
        *of_classes.columns,
    ]
    return table[columns], thresholds


def delivered_table(delivered: pd.DataFrame, pictures: pd.DataFrame, thresholds: Thresholds) -> pd.DataFrame:
    """The verdicts of a variant on delivered pictures.

    Parameters are those of `predictions_table`, and its result `thresholds`.

    Returns a row for each row of `delivered` that is not `inner`, with the columns `image_id`, `delivery`, `partition`,
    `fold`, `group`, `origin`, `ai_probability` and `verdict`, which are those of `predictions_table`.
    """
    table = delivered[delivered["partition"] != "inner"]
    table = _with_verdicts(table.merge(pictures[list(FACTS)], on="image_id", validate="many_to_one"), thresholds)
    return table[["image_id", "delivery", "partition", "fold", "group", "origin", "ai_probability", "verdict"]]


def _with_verdicts(table: pd.DataFrame, thresholds: Thresholds) -> pd.DataFrame:
    """The table with the columns `ai_probability`, `called_ai` and `verdict`."""
    for fold, rows in table.groupby("fold").groups.items():
        chosen = of_fold(thresholds, fold)
        score = _calibrated_ai(table.loc[rows], thresholds["origins"], chosen["temperature"])
        table.loc[rows, "ai_probability"] = score
        table.loc[rows, "called_ai"] = called_ai(score, chosen["threshold"])
        table.loc[rows, "verdict"] = [decide(value, chosen) for value in score]
    return table.assign(called_ai=table["called_ai"].astype(bool)) if len(table) else table


def _changing(table: pd.DataFrame, delivered: pd.DataFrame) -> np.ndarray:
    """The `image_id` of each picture that is called human and AI, depending on the delivery."""
    columns = ["image_id", "verdict"]
    every = pd.concat([table[columns], delivered.loc[delivered["delivery"].isin(CHOOSING), columns]])
    every = every[every["verdict"] != "unsure"].drop_duplicates()
    return every.loc[every["image_id"].duplicated(), "image_id"].unique()


def class_names(predictions: pd.DataFrame) -> list[str]:
    """The classes of a table with columns `p_<class>`, in the order of the network's outputs."""
    return [column.removeprefix("p_") for column in predictions.columns if column.startswith("p_")]


def calibrated(predictions: pd.DataFrame, temperature: float) -> pd.DataFrame:
    """The calibrated probabilities of a table with columns `p_<class>`, with the same columns."""
    columns = [f"p_{name}" for name in class_names(predictions)]
    logits = scaling.log_probabilities(predictions[columns].to_numpy())
    return pd.DataFrame(scaling.apply(logits, temperature), columns=columns, index=predictions.index)


def _calibrated_ai(predictions: pd.DataFrame, origins: dict[str, str], temperature: float) -> np.ndarray:
    return ai_probability(calibrated(predictions, temperature), origins)


def _choose(
    table: pd.DataFrame,
    delivered: pd.DataFrame | None,
    origins: dict[str, str],
    rate: float,
    *,
    partition: str,
    fold: int | None = None,
) -> Chosen:
    """The temperature and the cut-offs that the pictures of a partition choose.

    Of the partition `inner`, only those for a `fold`; of the partition `test`, only those in folds.
    """

    def choosing(answers: pd.DataFrame) -> pd.DataFrame:
        inside = answers["partition"] == partition
        if partition == "test":
            inside &= answers["fold"] >= 0
        return answers[inside if fold is None else inside & (answers["fold"] == fold)]

    def scores(answers: pd.DataFrame) -> Scores:
        score = _calibrated_ai(answers, origins, temperature)
        return (answers["origin"] == "ai").to_numpy(), score, answers["group"].to_numpy()

    chosen_on = choosing(table)
    classes = class_names(chosen_on)
    logits = scaling.log_probabilities(chosen_on[[f"p_{name}" for name in classes]].to_numpy())
    temperature = scaling.temperature(logits, pd.Index(classes).get_indexer(chosen_on["label"]))
    sent = [] if delivered is None else [choosing(delivered[delivered["delivery"] == name]) for name in CHOOSING]
    return {"temperature": temperature, **cut_offs(*scores(chosen_on), rate, [scores(part) for part in sent])}
