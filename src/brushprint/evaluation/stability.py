"""How verdicts survive deliveries: how often they are wrong after each, and how often they flip."""

from typing import Any

import numpy as np
import pandas as pd

from brushprint.data.deliveries import DELIVERIES, MEASURING
from brushprint.stats import bootstrap

AS_IT_IS = "as it is"
MEASURES = ("human_called_ai", "ai_called_human", "unsure", "flips")


def evaluate(test: pd.DataFrame, delivered: pd.DataFrame, seed: int) -> dict[str, Any]:
    """Measure the verdicts on delivered test pictures.

    Parameters
    ----------
    test : the test pictures, see `brushprint.evaluation.predictions.predictions_table`
    delivered : those that were delivered, see `brushprint.evaluation.predictions.delivered_table`
    seed : seed of the bootstrap

    Returns
    -------
    `pictures`, `human` and `ai`, the numbers of pictures that were delivered; `changes`, the share of them whose
    verdict is human or AI depending on the delivery, and which are therefore called unsure; and `rows`, one for the
    pictures as they are and one for each of `brushprint.data.deliveries.DELIVERIES`: `delivery`; `chooses`, whether
    such answers of validation pictures took part in choosing the limits; and the shares

    - `human_called_ai`, `ai_called_human`: of all human works and of all AI works
    - `unsure`: of all pictures
    - `flips`: of all pictures, those that are called human before and AI after the delivery, or the reverse

    Each share has a `value` and the ends of its 95 % interval, `low` and `high`; null without pictures.
    """
    sent = test[test["image_id"].isin(delivered["image_id"])]
    is_ai, before = (sent["origin"] == "ai").to_numpy(), sent["verdict"].to_numpy()
    everybody = np.ones(len(sent), dtype=bool)
    verdicts = {AS_IT_IS: before}
    for name in DELIVERIES:
        rows = delivered[delivered["delivery"] == name].set_index("image_id")
        verdicts[name] = rows["verdict"].reindex(sent["image_id"]).to_numpy()
    shares = {("changes", ""): (sent["changes"].to_numpy(dtype=bool), everybody)}
    for name, verdict in verdicts.items():
        said_ai, said_human = verdict == "ai", verdict == "human"
        shares["human_called_ai", name] = said_ai & ~is_ai, ~is_ai
        shares["ai_called_human", name] = said_human & is_ai, is_ai
        shares["unsure", name] = verdict == "unsure", everybody
        shares["flips", name] = (said_ai & (before == "human")) | (said_human & (before == "ai")), everybody
    estimates = bootstrap.intervals_of_shares(shares, sent["group"].to_numpy(), seed)
    return {
        "pictures": len(sent),
        "human": int((~is_ai).sum()),
        "ai": int(is_ai.sum()),
        "changes": estimates["changes", ""],
        "rows": [
            {
                "delivery": name,
                "chooses": name not in MEASURING,
                **{measure: estimates[measure, name] for measure in MEASURES},
            }
            for name in verdicts
        ],
    }
