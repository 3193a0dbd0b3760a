"""Whether one variant is better than another on the same pictures, or only luckier."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binom

from brushprint.stats import bootstrap, intervals


def mcnemar(first_alone: int, second_alone: int) -> float:
    """The p-value of two networks being right equally often, from the pictures that only one of them is right on.

    The mid-p version of the exact test, which keeps its level and is less timid (Fagerland, Lydersen and Laake, 2013).
    """
    discordant = first_alone + second_alone
    if not discordant:
        return 1.0
    least = min(first_alone, second_alone)
    point = binom.pmf(least, discordant, 0.5)
    # Two outcomes are as extreme as what was seen, but only one is in the middle.
    return float(1 - point / 2 if first_alone == second_alone else 2 * binom.cdf(least, discordant, 0.5) - point)


def holm(p: Sequence[float]) -> np.ndarray:
    """p-values corrected for their number by Holm's step-down method (1979)."""
    p = np.asarray(p, dtype=float)
    order = np.argsort(p, kind="stable")
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(1, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    return corrected


def compare(right: Mapping[str, pd.Series], groups: pd.Series, question: str, seed: int) -> list[dict[str, Any]]:
    """Compare each two variants on the test pictures that both have.

    Parameters
    ----------
    right : by variant, whether it is right on each picture (bool, indexed by image_id)
    groups : a number for each picture, the same for near duplicates, indexed by image_id
    question : what they were asked
    seed : of the bootstrap

    Returns
    -------
    A row a pair: `first`, `second`, `question`, `pictures`, `first_alone`, `second_alone` (pictures that only this one
    is right on), `difference` of the accuracies (first less second, paired, with its interval), `p` (McNemar) and
    `p_corrected` for the number of pairs. McNemar takes pictures for independent; the interval draws near duplicates
    together.
    """
    rows = []
    for first, second in combinations(right, 2):
        shared = right[first].index.intersection(right[second].index)
        if shared.empty:
            continue
        one, other = (right[name][shared].to_numpy() for name in (first, second))
        change = one.astype(float) - other
        resampled = [change @ drawn / drawn.sum(0) for drawn in bootstrap.weights(groups[shared].to_numpy(), seed)]
        alone = int((one & ~other).sum()), int((other & ~one).sum())
        rows.append(
            {
                "first": first,
                "second": second,
                "question": question,
                "pictures": len(shared),
                "first_alone": alone[0],
                "second_alone": alone[1],
                "difference": bootstrap.interval_of_change(
                    change.mean(), np.concatenate(resampled), groups[shared].nunique()
                ),
                "p": mcnemar(*alone),
            }
        )
    for row, corrected in zip(rows, holm([row["p"] for row in rows]), strict=True):
        row["p_corrected"] = float(corrected)
    return rows


def spread(values: Sequence[float | None]) -> dict[str, Any]:
    """Of a figure of several networks: how many, `mean` with its interval, `deviation`, `lowest` and `highest`."""
    known = np.array([value for value in values if value is not None], dtype=float)
    deviation = float(intervals.deviation(known)) if len(known) > 1 else None
    return {
        "networks": len(known),
        "mean": intervals.of_mean(known).plain(),
        "deviation": deviation,
        "lowest": float(known.min()) if len(known) else None,
        "highest": float(known.max()) if len(known) else None,
    }
