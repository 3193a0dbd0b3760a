"""How often a network is right when pictures are perturbed, and what of it the perturbation cost."""

import numpy as np
import pandas as pd

from brushprint.data.corruptions import CONDITIONS
from brushprint.stats.bootstrap import interval, interval_of_change, interval_of_share, weights

MEASURES = ("accuracy", "balanced_accuracy", "false_alarms", "misses")
COLUMNS = (
    *("name", "severity", "measure", "value", "low", "high"),
    *("change", "change_low", "change_high", "pictures"),
)


def rates(p_ai: np.ndarray, is_ai: np.ndarray, groups: np.ndarray, *, threshold: float, seed: int) -> pd.DataFrame:
    """Judge the answers to pictures under each of `brushprint.data.corruptions.CONDITIONS`.

    Parameters
    ----------
    p_ai : float [pictures, conditions], probability that a picture is AI's; nan where a condition says nothing of a
        picture, like a swap without a donor
    is_ai : bool [pictures]
    groups : int [pictures]; near duplicates are of one group, which a resample takes whole
    threshold : a picture of this probability or more is called AI's; fixed on clean validation pictures
    seed : of the bootstrap

    Returns
    -------
    A row a condition and measure, in their order, with the columns `COLUMNS`:

    name, severity : the condition
    measure : `accuracy`; `balanced_accuracy`, the mean of the shares of both sides that are right; `false_alarms`, the
        share of human works called AI's; `misses`, the share of AI works called human
    value, low, high : with a 95 % percentile bootstrap interval (Efron, 1979) over the groups
    change, change_low, change_high : from the same pictures under the condition `none`, paired in each resample
    pictures : how many were judged; of `false_alarms` only human works and of `misses` only AI works

    What there are no pictures for is nan.
    """
    judged = np.isfinite(p_ai).T
    right = ((p_ai >= threshold) == is_ai[:, None]).T
    counted = {
        "judged": judged,
        "right": judged & right,
        "right before": judged & right[:1],
    }
    sides = {
        (name, side): (which & member).astype(np.float32)
        for name, which in counted.items()
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
            found = (
                interval_of_share(value[at], values[at], *count) if len(count) == 1 else interval(value[at], values[at])
            )
            # A picture as it is has not changed at all.
            changed = (
                interval(change[at], changes[at])
                if name == "none"
                else interval_of_change(change[at], changes[at], *count)
            )
            told = [*found.values(), *changed.values()]
            rows.append((name, severity, measure, *told, pictures[at]))
    return pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(COLUMNS[3:9], float))


def _statistics(sides: dict[tuple[str, str], np.ndarray], drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The measures and their changes, [measures, conditions, resamples], by how often each picture was drawn."""
    counts = {key: which @ drawn for key, which in sides.items()}
    after, before = (_measures(counts, name) for name in ("right", "right before"))
    return after, after - before


def _measures(counts: dict[tuple[str, str], np.ndarray], right: str) -> np.ndarray:
    ai, human = counts["judged", "ai"], counts["judged", "human"]
    with np.errstate(invalid="ignore"):
        found, cleared = counts[right, "ai"] / ai, counts[right, "human"] / human
        accuracy = (counts[right, "ai"] + counts[right, "human"]) / (ai + human)
    return np.stack([accuracy, (found + cleared) / 2, 1 - cleared, 1 - found]).astype(np.float64)
