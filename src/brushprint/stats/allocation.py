"""How many pictures each group gives to a sample that keeps the groups' shares."""

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
import pandas as pd

Key = TypeVar("Key")


def allocate(total: int, sizes: Mapping[Key, int]) -> dict[Key, int]:
    """Share `total` out over groups in proportion to their sizes, by the largest remainder (Hamilton's method).

    `total` is at most the sum of the sizes; no group gets more than its size. Ties go to the smaller key.
    """
    whole = sum(sizes.values()) or 1
    quotas = {key: total * size // whole for key, size in sizes.items()}
    by_remainder = sorted(sizes, key=lambda key: (-(total * sizes[key] % whole), key))
    for key in by_remainder[: total - sum(quotas.values())]:
        quotas[key] += 1
    return quotas


def stratified(labels: pd.Series, pictures: int, seed: int) -> np.ndarray:
    """Positions of at most `pictures` pictures, ascending: each class keeps its share, with at least one picture.

    With more classes than `pictures` there is one picture of each.
    """
    if len(labels) <= pictures:
        return np.arange(len(labels))
    generator = np.random.default_rng(seed)
    by_class = {name: np.flatnonzero(labels == name) for name in sorted(labels.unique())}
    more = allocate(max(0, pictures - len(by_class)), {name: len(inside) - 1 for name, inside in by_class.items()})
    drawn = [generator.choice(inside, 1 + more[name], replace=False) for name, inside in by_class.items()]
    return np.sort(np.concatenate(drawn))
