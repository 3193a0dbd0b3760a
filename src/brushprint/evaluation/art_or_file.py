"""Whether a variant recognises the art or the file: its figures where size and encoding no longer differ."""

from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from brushprint.evaluation.detection import evaluate_predictions
from brushprint.stats.intervals import FEWEST

# Of two matched pictures, the format and these properties are equal.
EQUAL = ("subsampling", "progressive")
# The sides of two matched pictures differ by at most this factor, and their JPEG quality by at most this number.
SIDES, QUALITY = 1.1, 5
_FAR = 1e6
# At most this many pictures of each origin are matched, because all pairs of pictures are compared.
MOST = 2000


def art_or_file(
    tested: pd.DataFrame, harmonised: pd.DataFrame, features: pd.DataFrame, rates: pd.DataFrame, *, seed: int
) -> dict[str, Any]:
    """Set the figures of a variant beside those on pictures whose size and encoding do not reveal the origin.

    Parameters
    ----------
    tested : the variant's predictions for its test pictures, see `brushprint.evaluation.predictions.predictions_table`
    harmonised : those of the same variant, retrained and tested on harmonised pictures
    features : see `brushprint.data.shortcut_features.measure`
    rates : see `brushprint.evaluation.robustness.rates`
    seed : seed of the bootstrap

    Returns
    -------
    `all`, `harmonised` and `matched`: see `brushprint.evaluation.detection.evaluate`, of all test pictures, of the
    harmonised ones, and of as many human as AI pictures that are matched by size and encoding, see `matched`; `left`,
    the share of the ROC AUC above guessing that `harmonised` and `matched` leave, None if unknown; `swap`, the balanced
    accuracy of pictures that swapped size and encoding with the other origin: `value`, `change`, `change_low`,
    `change_high` and `pictures`, None if unknown
    """
    pairs = matched(tested, features, seed)
    measured = {
        "all": evaluate_predictions(tested, seed),
        "harmonised": evaluate_predictions(harmonised, seed),
        "matched": evaluate_predictions(tested[tested["image_id"].isin(pairs.to_numpy().ravel())], seed),
    }
    swap = rates[(rates["name"] == "swap") & (rates["measure"] == "balanced_accuracy")].iloc[0]
    names = ("value", "change", "change_low", "change_high", "pictures")
    return {
        **measured,
        "left": {name: _left(measured["all"], measured[name]) for name in ("harmonised", "matched")},
        "swap": {name: None if pd.isna(swap[name]) else float(swap[name]) for name in names},
    }


def matched(tested: pd.DataFrame, features: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Pairs of a human and an AI picture with nearly the same size and encoding: columns `human` and `ai`, `image_id`.

    Two pictures match if the format and the properties `EQUAL` are equal, both sides differ by at most the factor
    `SIDES`, and the JPEG quality by at most `QUALITY`. As many pairs as possible are formed, and then the most alike
    ones (an optimal assignment, Rosenbaum, 1989); each picture is in at most one. Of more than `MOST` pictures of an
    origin, a sample is matched, drawn with `seed`.
    """
    table = tested[["image_id", "origin"]].merge(features, on="image_id", validate="one_to_one")
    shuffled = table.sample(frac=1, random_state=seed)
    human, ai = (shuffled[shuffled["origin"] == origin].head(MOST).sort_index() for origin in ("human", "ai"))
    columns = [name for name in features if name in EQUAL or name.startswith("format_")]
    different = (human[columns].to_numpy()[:, None] != ai[columns].to_numpy()[None]).any(-1)
    distance = np.zeros(different.shape)
    for name, scale in (("width", np.log(SIDES)), ("height", np.log(SIDES)), ("jpeg_quality", QUALITY)):
        values = [
            (np.log(side[name]) if name != "jpeg_quality" else side[name]).to_numpy(float) for side in (human, ai)
        ]
        apart = np.abs(values[0][:, None] - values[1][None]) / scale
        different |= apart > 1
        distance += apart
    rows, places = linear_sum_assignment(np.where(different, _FAR, distance))
    kept = ~different[rows, places]
    pairs = {"human": human["image_id"].to_numpy()[rows[kept]], "ai": ai["image_id"].to_numpy()[places[kept]]}
    return pd.DataFrame(pairs)


def _left(usual: dict[str, Any], other: dict[str, Any]) -> float | None:
    """The share of the ROC AUC above guessing that is left, at least 0."""
    if min(other["human"], other["ai"]) < FEWEST or (usual["roc_auc"]["value"] or 0) <= 0.5:
        return None
    return max(0.0, (other["roc_auc"]["value"] - 0.5) / (usual["roc_auc"]["value"] - 0.5))
