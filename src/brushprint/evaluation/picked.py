"""The probabilities of AI that a variant gives to hand-picked pictures, under each corruption."""

import numpy as np
import pandas as pd

from brushprint.data.corrupted_arrays import CONDITIONS


def picked_scores(paths: pd.Series, ai_probability: np.ndarray, threshold: float) -> pd.DataFrame:
    """The probabilities as a table.

    Parameters
    ----------
    paths : the paths of the pictures
    ai_probability : float [pictures, conditions], under each of `brushprint.data.corrupted_arrays.CONDITIONS`
    threshold : the variant calls a picture AI if its probability of AI is at least this threshold

    Returns
    -------
    One row for each condition and picture, sorted by condition and then by picture: `path`, `name` and `severity` (of
    the condition), `p_ai` and `threshold`. The condition `swap` is omitted, because hand-picked pictures have no donor
    to swap with.
    """
    parts = [
        pd.DataFrame({"path": paths, "name": name, "severity": severity, "p_ai": ai_probability[:, place]})
        for place, (name, severity) in enumerate(CONDITIONS)
        if name != "swap"
    ]
    return pd.concat(parts, ignore_index=True).assign(threshold=threshold)
