"""What can be measured with the pictures of a split, and how many pictures more would need."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

# Each start of the workflow imports this module, and importing pandas would delay every start.
if TYPE_CHECKING:
    import pandas as pd

ORIGINS = {"human": "human", "ai": "AI"}
# With fewer independent test pictures of each origin, the 95 % interval of a balanced accuracy of a half is wider than
# ten percentage points to either side: 1.96 · √(¼ / n + ¼ / n) / 2 ≤ 0.1.
FEWEST_TESTED = 49
# With fewer independent validation pictures of an origin, no picture gets the verdict of the other origin; see
# `brushprint.evaluation.abstention`.
FEWEST_VALIDATED = 9


class Need(NamedTuple):
    """What needs more pictures: `needed` in a partition of each origin."""

    what: str
    partition: str
    needed: int


NEEDS = (
    Need("any verdict other than unsure", "validation", FEWEST_VALIDATED),
    Need("a balanced accuracy to within ten percentage points", "test", FEWEST_TESTED),
)


def independent(split: "pd.DataFrame") -> dict[str, dict[str, int]]:
    """The number of independent pictures of each partition and origin: near duplicates count once.

    `split` has a row per picture or copy, and the columns `partition`, `origin` and `group`.
    """
    counts = split.groupby(["partition", "origin"])["group"].nunique()
    return {
        partition: {origin: int(counts.get((partition, origin), 0)) for origin in ORIGINS}
        for partition in ("train", "validation", "test")
    }


def counted(counts: Mapping[str, Mapping[str, int]]) -> str:
    """The result of `independent` in words."""
    parts = [f"{_of_each(numbers)} {partition}" for partition, numbers in counts.items()]
    return f"independent pictures: {', '.join(parts)}"


def lacking(counts: Mapping[str, Mapping[str, int]]) -> dict[str, str]:
    """What the pictures are too few for: by partition a sentence with how many there are, and how many are needed."""
    sentences = {}
    for what, partition, needed in NEEDS:
        there = counts[partition]
        if min(there.values()) < needed:
            whole = {origin: sum(numbers[origin] for numbers in counts.values()) for origin in ORIGINS}
            more = {
                origin: max(needed, math.ceil(whole[origin] * needed / max(number, 1)))
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
