"""The probabilities of AI that a variant gives to hand-picked pictures, under each corruption."""

import numpy as np
import pandas as pd

from brushprint.data.corrupted_arrays import CONDITIONS


def picked_scores(paths: pd.Series, ai_probability: np.ndarray, threshold: float | None) -> pd.DataFrame:
    """The probabilities as a table.

    Parameters
    ----------
    paths : the paths of the pictures
    ai_probability : float [pictures, conditions], calibrated, for the conditions
        `brushprint.data.corrupted_arrays.CONDITIONS`
    threshold : see `brushprint.evaluation.thresholds.cut_offs`

    Returns
    -------
    One row for each condition and picture, sorted by condition and then by picture: `path`, `name` and `severity` (of
    the condition), `p_ai` and `threshold` (infinite if no picture is called AI). The condition `swap` is omitted,
    because hand-picked pictures have no donor to swap with.
    """
    parts = [
        pd.DataFrame({"path": paths, "name": name, "severity": severity, "p_ai": ai_probability[:, place]})
        for place, (name, severity) in enumerate(CONDITIONS)
        if name != "swap"
    ]
    return pd.concat(parts, ignore_index=True).assign(threshold=np.inf if threshold is None else threshold)
