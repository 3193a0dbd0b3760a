"""The predictions table of a variant: the facts and predictions that all analyses need, computed once per picture."""

import numpy as np
import pandas as pd

from brushprint.evaluation import temperature as scaling
from brushprint.evaluation.thresholds import (
    Chosen,
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
    probabilities: pd.DataFrame, pictures: pd.DataFrame, rate: float
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

    Returns
    -------
    table : the rows of `probabilities` that are not `inner`, in the same order, with the columns

        - `image_id`, `row` (in the pixel array) and `group` (the same number for near duplicates)
        - `partition`, `fold`, `origin`, `source`, `style` and `label` (the true class)
        - `predicted` (the likeliest class), `outcome` (`correct` or `misclassified`) and `probability` (of the
          predicted class)
        - `ai_probability`, the calibrated probability of AI; `called_ai` (bool), whether the picture is called AI if
          an answer is forced; and `verdict`, `human`, `ai` or `unsure`, see `brushprint.evaluation.thresholds`
        - `p_<class>`, float64, not calibrated, in the order of the network's outputs
    thresholds : what was chosen
    """
    origins = origins_of(pictures)
    table = probabilities.merge(pictures[list(FACTS)], on="image_id", validate="many_to_one")
    inner, partition = table["partition"] == "inner", table["partition"]
    folds = {
        str(fold): _choose(table[inner & (table["fold"] == fold)], origins, rate)
        for fold in sorted(table.loc[inner, "fold"].unique())
    }
    # The pictures of all folds were tested, but the network itself is not.
    choosing = (partition == "test") & (table["fold"] >= 0) if folds else partition == "validation"
    final = _choose(table[choosing], origins, rate)
    thresholds: Thresholds = {"origins": origins, "rate": rate, "final": final, "folds": folds}
    table = table[~inner].reset_index(drop=True)
    for fold, rows in table.groupby("fold").groups.items():
        chosen = of_fold(thresholds, fold)
        score = _calibrated_ai(table.loc[rows], origins, chosen["temperature"])
        table.loc[rows, "ai_probability"] = score
        table.loc[rows, "called_ai"] = called_ai(score, chosen["threshold"])
        table.loc[rows, "verdict"] = [decide(value, chosen) for value in score]
    classes = class_names(table)
    of_classes = table[[f"p_{name}" for name in classes]]
    table["predicted"] = np.array(classes)[of_classes.to_numpy().argmax(1)]
    table["outcome"] = np.where(table["label"] == table["predicted"], "correct", "misclassified")
    table["probability"] = of_classes.to_numpy().max(1)
    table["called_ai"] = table["called_ai"].astype(bool)
    columns = [
        *("image_id", "row", "group", "partition", "fold", "origin", "source", "style", "label"),
        *("predicted", "outcome", "probability", "ai_probability", "called_ai", "verdict", *of_classes.columns),
    ]
    return table[columns], thresholds


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


def _choose(chosen_on: pd.DataFrame, origins: dict[str, str], rate: float) -> Chosen:
    """The temperature and the cut-offs that given pictures choose."""
    classes = class_names(chosen_on)
    logits = scaling.log_probabilities(chosen_on[[f"p_{name}" for name in classes]].to_numpy())
    temperature = scaling.temperature(logits, pd.Index(classes).get_indexer(chosen_on["label"]))
    score = _calibrated_ai(chosen_on, origins, temperature)
    is_ai = (chosen_on["origin"] == "ai").to_numpy()
    return {"temperature": temperature, **cut_offs(is_ai, score, chosen_on["group"].to_numpy(), rate)}
