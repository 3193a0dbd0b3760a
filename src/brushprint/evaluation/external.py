"""How well a variant separates human from AI pictures that come from elsewhere."""

from typing import Any

import numpy as np
import pandas as pd

from brushprint.core.job_log import LOG
from brushprint.data.near_duplicates import hash_matches
from brushprint.evaluation import detection
from brushprint.evaluation.thresholds import called_ai


def evaluate_external(
    external: pd.DataFrame, ai_probability: np.ndarray, own: pd.DataFrame, threshold: float | None, *, seed: int
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Evaluate a variant on pictures from outside its collection.

    Pictures that are also in the collection, or have a near duplicate there, are excluded, because the variant may have
    been trained on them.

    Parameters
    ----------
    external : the catalogue of the pictures, see `brushprint.data.catalogue.catalogue`
    ai_probability : float [pictures], calibrated, in the order of `external`
    own : the catalogue of the collection, columns `sha256` and `phash`
    threshold : see `brushprint.evaluation.thresholds.cut_offs`
    seed : seed of the bootstrap

    Returns
    -------
    metrics : see `brushprint.evaluation.detection.evaluate`; and `left_out`, the number of excluded pictures
    scores : one row for each picture that is not excluded: `image_id`, `path`, `origin`, `source`, `style` and `p_ai`
    """
    known = external["sha256"].isin(own["sha256"]).to_numpy() | hash_matches(external["phash"], own["phash"])
    LOG.info("external: %d of %d pictures are also in the collection and are excluded", known.sum(), len(external))
    scores = external.assign(p_ai=ai_probability)[~known]
    metrics = detection.evaluate(
        (scores["origin"] == "ai").to_numpy(),
        scores["p_ai"].to_numpy(),
        called_ai=called_ai(scores["p_ai"].to_numpy(), threshold),
        groups=np.arange(len(scores)),
        seed=seed,
    )
    columns = ["image_id", "path", "origin", "source", "style", "p_ai"]
    return {**metrics, "left_out": int(known.sum())}, scores[columns]
