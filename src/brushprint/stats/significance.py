"""Tests of whether the difference between two variants on the same pictures exceeds chance."""

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
    """The comparison of two variants on the test pictures that both have; see `compare`."""

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
    """The p-value of the hypothesis that two networks are right equally often.

    `first_alone` and `second_alone` are the numbers of pictures that only the first and only the second network
    classifies correctly. The test is the mid-p version of McNemar's exact test, which keeps its level and is less
    conservative (Fagerland, Lydersen and Laake, 2013).
    """
    discordant = first_alone + second_alone
    if not discordant:
        return 1.0
    least = min(first_alone, second_alone)
    point = binom.pmf(least, discordant, 0.5)
    # Two outcomes are as extreme as the observed one, unless it is the middle one.
    return float(1 - point / 2 if first_alone == second_alone else 2 * binom.cdf(least, discordant, 0.5) - point)


def compare(right: Mapping[str, pd.Series], groups: pd.Series, question: str, seed: int) -> list[Comparison]:
    """Compare every pair of variants on the test pictures that both have.

    Parameters
    ----------
    right : by variant, whether it classifies each picture correctly (bool, indexed by image_id)
    groups : a number for each picture, the same for near duplicates, indexed by image_id
    question : the question that the variants answer
    seed : seed of the bootstrap

    Returns
    -------
    One row for each pair that shares pictures: `first`, `second`, `question`, `pictures`; `first_alone` and
    `second_alone`, the numbers of pictures that only this variant classifies correctly; `difference`, the accuracy of
    the first minus that of the second, paired, with its interval; `p`, from McNemar's test; and `p_corrected`,
    corrected by Holm's method for the number of pairs. McNemar's test assumes that pictures are independent, whereas
    the interval draws near duplicates together.
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


def spread(values: Sequence[float | None], within: tuple[float, float]) -> dict[str, Any]:
    """The mean of a measure over several networks, with its interval, and the spread of the measure.

    `within` holds the smallest and the largest value that the measure can have. Returns `networks`, the number of
    networks that have a value; `mean`; `deviation`, the standard deviation; `lowest`; and `highest`. Unknown values are
    None.
    """
    known = np.array([value for value in values if value is not None], dtype=float)
    deviation = float(intervals.deviation(known)) if len(known) > 1 else None
    return {
        "networks": len(known),
        "mean": intervals.of_mean(known, within).plain(),
        "deviation": deviation,
        "lowest": float(known.min()) if len(known) else None,
        "highest": float(known.max()) if len(known) else None,
    }
