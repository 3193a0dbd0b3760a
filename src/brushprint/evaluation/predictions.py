"""The predictions table of a variant: the facts and predictions that all analyses need, computed once per picture."""

import numpy as np
import pandas as pd

from brushprint.evaluation.thresholds import Thresholds, ai_probability, cuts, origins_of

# The columns that are taken from the table of the split.
FACTS = ("image_id", "row", "group", "origin", "source", "style")


def predictions_table(probabilities: pd.DataFrame, pictures: pd.DataFrame) -> tuple[pd.DataFrame, Thresholds]:
    """Join a variant's probabilities with the facts of its pictures, and choose its thresholds.

    Parameters
    ----------
    probabilities : one row for each validation or test picture, as returned by `brushprint.training.inference.infer`
    pictures : one row for each picture of the split, including training pictures; columns `label` (class) and `FACTS`

    Returns
    -------
    table : the rows of `probabilities`, in the same order, with the columns

        - `image_id`, `row` (in the pixel array) and `group` (the same number for near duplicates)
        - `partition`, `origin`, `source`, `style` and `label` (the true class)
        - `predicted` (the likeliest class), `outcome` (`correct` or `misclassified`) and `probability` (of the
          predicted class)
        - `ai_probability`, the sum of the probabilities of the AI classes, and `called_ai` (bool), whether this sum
          reaches the threshold
        - `p_<class>`, float64, in the order of the network's outputs
    thresholds : chosen on the validation pictures
    """
    classes = class_names(probabilities)
    of_classes = probabilities[[f"p_{name}" for name in classes]]
    origins = origins_of(pictures)
    table = probabilities[["image_id", "partition", "label"]].merge(
        pictures[list(FACTS)], on="image_id", validate="one_to_one"
    )
    table = table[["image_id", "row", "group", "partition", "origin", "source", "style", "label"]]
    table["predicted"] = np.array(classes)[of_classes.to_numpy().argmax(1)]
    table["outcome"] = np.where(table["label"] == table["predicted"], "correct", "misclassified")
    table["probability"] = of_classes.to_numpy().max(1)
    table["ai_probability"] = ai_probability(of_classes, origins)
    validation = table[table["partition"] == "validation"]
    chosen = cuts((validation["origin"] == "ai").to_numpy(), validation["ai_probability"].to_numpy())
    table["called_ai"] = table["ai_probability"] >= chosen["threshold"]
    return pd.concat([table, of_classes], axis=1), {**chosen, "origins": origins}


def class_names(predictions: pd.DataFrame) -> list[str]:
    """The classes of a table with columns `p_<class>`, in the order of the network's outputs."""
    return [column.removeprefix("p_") for column in predictions.columns if column.startswith("p_")]
