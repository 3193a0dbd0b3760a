"""What can be measured with the pictures of a split, and how many pictures more would need."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

# Each start of the workflow imports this module, and importing pandas would delay every start.
if TYPE_CHECKING:
    import pandas as pd

ORIGINS = {"human": "human", "ai": "AI"}
PARTITIONS = ("train", "validation", "test")
# With fewer independent test pictures of each origin, the 95 % interval of a balanced accuracy of a half is wider than
# ten percentage points to either side: 1.96 · √(¼ / n + ¼ / n) / 2 ≤ 0.1.
FEWEST_TESTED = 49


class Need(NamedTuple):
    """What needs more pictures: `needed` in a partition of each origin."""

    what: str
    partition: str
    needed: int


def fewest_validated(rate: float) -> int:
    """With fewer independent validation pictures of an origin, no picture is called the other one at this rate.

    See `brushprint.evaluation.thresholds.cut_offs`.
    """
    # Rounding removes the error of a quotient such as 1 / 0.05.
    return math.ceil(round(1 / rate, 9)) - 1


def independent(split: "pd.DataFrame", *, cross_validated: bool) -> dict[str, dict[str, int]]:
    """The number of independent pictures of each partition, and of `all`, by origin: near duplicates count once.

    Parameters
    ----------
    split : a row per picture or copy; columns `partition`, `fold`, `origin` and `group`
    cross_validated : whether the folds, if there are any, take the place of the partitions. If the pictures in folds
        are tested, those of the smallest training set count as `train` and `validation`, else all count as both
    """
    inside, whole = split[split["fold"] >= 0], {"all": _counts(split)}
    if not cross_validated or inside.empty:
        return {name: _counts(split[split["partition"] == name]) for name in PARTITIONS} | whole
    if not (inside["partition"] == "test").any():
        counts = _counts(inside)
        return {"train": counts, "validation": counts, "test": _counts(split.drop(inside.index))} | whole
    others = [_counts(inside[inside["fold"] != fold]) for fold in inside["fold"].unique()]
    fewest = {origin: min(counts[origin] for counts in others) for origin in ORIGINS}
    return {"train": fewest, "validation": fewest, "test": _counts(split)} | whole


def _counts(pictures: "pd.DataFrame") -> dict[str, int]:
    return {origin: pictures.loc[pictures["origin"] == origin, "group"].nunique() for origin in ORIGINS}


def counted(counts: Mapping[str, Mapping[str, int]]) -> str:
    """The result of `independent` in words."""
    parts = [f"{_of_each(counts[partition])} {partition}" for partition in PARTITIONS]
    return f"independent pictures: {', '.join(parts)}"


def lacking(counts: Mapping[str, Mapping[str, int]], rate: float) -> dict[str, str]:
    """What the pictures are too few for: by partition a sentence with how many there are, and how many are needed.

    `counts` is the result of `independent`, and `rate` the share of human works that may be called AI.
    """
    needs = (
        Need("any verdict other than unsure", "validation", fewest_validated(rate)),
        Need("a balanced accuracy to within ten percentage points", "test", FEWEST_TESTED),
    )
    sentences = {}
    for what, partition, needed in needs:
        there = counts[partition]
        if min(there.values()) < needed:
            more = {
                origin: max(needed, math.ceil(counts["all"][origin] * needed / max(number, 1)))
                for origin, number in there.items()
                if number < needed
            }
            sentences[partition] = (
                f"{_of_each(there)} {partition} pictures are too few for {what}: {needed} of each are needed, which "
                f"takes about {_of_each(more)} pictures in all"
            )
    return sentences


def _of_each(numbers: Mapping[str, int]) -> str:
    return " and ".join(f"{numbers[origin]:,} {name}" for origin, name in ORIGINS.items() if origin in numbers)
