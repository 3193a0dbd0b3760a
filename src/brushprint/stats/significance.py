"""Whether the difference between two variants on the same pictures is more than chance."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, NotRequired, TypedDict

import numpy as np
import pandas as pd
from scipy.stats import binom

from brushprint.stats import bootstrap, intervals
from brushprint.stats.bootstrap import Estimate
from brushprint.stats.multiple_testing import holm


class Comparison(TypedDict):
    """Two variants on the test pictures of both; see `compare`."""

    first: str
    second: str
    question: str
    pictures: int
    first_alone: int
    second_alone: int
    difference: Estimate
    p: float
    p_corrected: NotRequired[float]


def mcnemar(first_alone: int, second_alone: int) -> float:
    """The p-value of two networks being right equally often, from how many pictures only one of them is right on.

    The mid-p version of McNemar's exact test, which keeps its level and is less conservative (Fagerland, Lydersen and
    Laake, 2013).
    """
    discordant = first_alone + second_alone
    if not discordant:
        return 1.0
    least = min(first_alone, second_alone)
    point = binom.pmf(least, discordant, 0.5)
    # Two outcomes are as extreme as the observed one, unless it is the middle one.
    return float(1 - point / 2 if first_alone == second_alone else 2 * binom.cdf(least, discordant, 0.5) - point)


def compare(right: Mapping[str, pd.Series], groups: pd.Series, question: str, seed: int) -> list[Comparison]:
    """Compare each two variants on the test pictures that both have.

    Parameters
    ----------
    right : by variant, whether it is right on each picture (bool, indexed by image_id)
    groups : a number for each picture, the same for near duplicates, indexed by image_id
    question : what the variants answer
    seed : of the bootstrap

    Returns
    -------
    A row a pair: `first`, `second`, `question`, `pictures`, `first_alone`, `second_alone` (pictures that only this one
    is right on), `difference` of the accuracies (first less second, paired, with its interval), `p` (McNemar) and
    `p_corrected` for the number of pairs. McNemar takes pictures for independent; the interval draws near duplicates
    together.
    """
    rows: list[Comparison] = []
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
    """The `mean` of a measure over several networks with its interval, and how far they differ.

    Returns `networks`, how many have a value, `mean`, `deviation` (standard deviation), `lowest` and `highest`, null
    where unknown.
    """
    known = np.array([value for value in values if value is not None], dtype=float)
    deviation = float(intervals.deviation(known)) if len(known) > 1 else None
    return {
        "networks": len(known),
        "mean": intervals.of_mean(known).plain(),
        "deviation": deviation,
        "lowest": float(known.min()) if len(known) else None,
        "highest": float(known.max()) if len(known) else None,
    }
