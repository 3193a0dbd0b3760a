"""Accuracy and error rates on corrupted pictures, and their change from uncorrupted pictures."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from brushprint.data.corrupted_arrays import CONDITIONS
from brushprint.evaluation.thresholds import Thresholds, called_ai, of_fold
from brushprint.stats.bootstrap import Estimate, interval, interval_of_change, interval_of_share, weights

MEASURES = ("accuracy", "balanced_accuracy", "false_alarms", "misses")
COLUMNS = (
    *("name", "severity", "measure", "value", "low", "high"),
    *("change", "change_low", "change_high", "pictures"),
)


def folds_of(image_ids: Sequence[str], tested: pd.DataFrame) -> list[int]:
    """The fold of each picture, see `brushprint.evaluation.predictions`; -1 for pictures that are not `tested`."""
    return tested.set_index("image_id")["fold"].reindex(image_ids, fill_value=-1).tolist()


def evaluate_corrupted(
    p_ai: np.ndarray,
    image_ids: Sequence[str],
    swapped: Sequence[bool],
    tested: pd.DataFrame,
    *,
    thresholds: Thresholds,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Evaluate a variant on corrupted pictures.

    Only test pictures of the variant's own split are used; pictures in folders that the variant excludes are ignored.

    Parameters
    ----------
    p_ai : float [pictures, conditions], the calibrated probability of AI under each of
        `brushprint.data.corrupted_arrays.CONDITIONS`
    image_ids, swapped : for each of these pictures, its id and whether the condition `swap` changed it
    tested : the variant's test pictures, see `brushprint.evaluation.predictions.predictions_table`
    thresholds : what validation pictures chose for the variant
    seed : seed of the bootstrap

    Returns
    -------
    rates : see `rates`
    scores : one row for each condition and picture, sorted by condition and then by picture: `name`, `severity`,
        `image_id` and `p_ai`, which is nan for the condition `swap` if it did not change the picture
    """
    kept = pd.Index(image_ids).isin(tested["image_id"])
    ids, p_ai = np.array(image_ids)[kept], p_ai[kept]
    p_ai[~np.array(swapped, dtype=bool)[kept], CONDITIONS.index(("swap", 1))] = np.nan
    pictures = tested.set_index("image_id").loc[ids]
    is_ai = (pictures["origin"] == "ai").to_numpy()
    called = np.zeros(p_ai.shape, dtype=bool)
    folds = pictures["fold"].to_numpy()
    for fold in np.unique(folds):
        rows = folds == fold
        called[rows] = called_ai(p_ai[rows], of_fold(thresholds, fold)["threshold"])
    judged = rates(called, np.isfinite(p_ai), is_ai, pictures["group"].to_numpy(), seed=seed)
    conditions = pd.MultiIndex.from_tuples(CONDITIONS, names=["name", "severity"])
    scores = pd.DataFrame(p_ai.T, index=conditions, columns=ids).rename_axis(columns="image_id").stack()
    return judged, scores.rename("p_ai").reset_index()


def rates(
    called_ai: np.ndarray, judged: np.ndarray, is_ai: np.ndarray, groups: np.ndarray, *, seed: int
) -> pd.DataFrame:
    """Measure how often pictures are classified correctly under each of `brushprint.data.corruptions.CONDITIONS`.

    Parameters
    ----------
    called_ai : bool [pictures, conditions], whether pictures are called AI; uncorrupted pictures chose the threshold
    judged : bool [pictures, conditions], false where a condition does not apply to a picture, for example `swap`
        without a donor
    is_ai : bool [pictures]
    groups : int [pictures], the same number for near duplicates, which the bootstrap draws together
    seed : seed of the bootstrap

    Returns
    -------
    One row for each condition and measure, in their order, with the columns `COLUMNS`:

    name, severity : the condition
    measure : `accuracy`; `balanced_accuracy`, the mean of the accuracies of both origins; `false_alarms`, the share of
        human works that are called AI; `misses`, the share of AI works that are called human
    value, low, high : the measure with a 95 % percentile bootstrap interval (Efron, 1979) over the groups
    change, change_low, change_high : its change from the same pictures under the condition `none`, paired in each
        resample, with an interval
    pictures : the number of pictures measured; for `false_alarms` only human works and for `misses` only AI works

    Values without pictures are nan.
    """
    judged, right = judged.T, (called_ai == is_ai[:, None]).T
    counted = {
        "judged": judged,
        "right": judged & right,
        "right before": judged & right[:1],
    }
    sides = {
        (name, side): (pictures & member).astype(np.float32)
        for name, pictures in counted.items()
        for side, member in (("ai", is_ai), ("human", ~is_ai))
    }
    value, change = (whole[..., 0] for whole in _statistics(sides, np.ones((len(is_ai), 1), np.float32)))
    resampled = [_statistics(sides, drawn) for drawn in weights(groups, seed)]
    values, changes = (np.concatenate(parts, axis=-1) for parts in zip(*resampled, strict=True))
    ai, human = (sides["judged", side].sum(1).astype(int) for side in ("ai", "human"))
    pictures = np.stack([ai + human, ai + human, human, ai])
    all_groups, human_groups, ai_groups = (len(np.unique(groups[side])) for side in (is_ai | ~is_ai, ~is_ai, is_ai))
    independent = {
        "accuracy": [all_groups],
        "balanced_accuracy": [human_groups, ai_groups],
        "false_alarms": [human_groups],
        "misses": [ai_groups],
    }
    rows = []
    for column, (name, severity) in enumerate(CONDITIONS):
        for row, measure in enumerate(MEASURES):
            at, count = (row, column), independent[measure]
            share = (
                interval_of_share(value[at], values[at], *count) if len(count) == 1 else interval(value[at], values[at])
            )
            # The change of uncorrupted pictures is exactly 0, so Wilson's interval must not widen it.
            changed = (
                interval(change[at], changes[at])
                if name == "none"
                else interval_of_change(change[at], changes[at], *count)
            )
            rows.append((name, severity, measure, *_ends(share), *_ends(changed), pictures[at]))
    return pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(COLUMNS[3:9], float))


def _ends(estimate: Estimate) -> tuple[float | None, ...]:
    return estimate["value"], estimate["low"], estimate["high"]


def _statistics(sides: dict[tuple[str, str], np.ndarray], drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The measures and their changes, [measures, conditions, resamples]; `drawn` is how often each picture is drawn."""
    counts = {key: pictures @ drawn for key, pictures in sides.items()}
    after, before = (_measures(counts, name) for name in ("right", "right before"))
    return after, after - before


def _measures(counts: dict[tuple[str, str], np.ndarray], right: str) -> np.ndarray:
    ai, human = counts["judged", "ai"], counts["judged", "human"]
    with np.errstate(invalid="ignore"):
        detected, cleared = counts[right, "ai"] / ai, counts[right, "human"] / human
        accuracy = (counts[right, "ai"] + counts[right, "human"]) / (ai + human)
    return np.stack([accuracy, (detected + cleared) / 2, 1 - cleared, 1 - detected]).astype(np.float64)
