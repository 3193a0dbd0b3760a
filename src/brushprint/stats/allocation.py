"""Samples of pictures in which each group keeps its share."""

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
import pandas as pd

Key = TypeVar("Key")


def allocate(total: int, sizes: Mapping[Key, int]) -> dict[Key, int]:
    """Distribute `total` over groups in proportion to their sizes, by the largest remainder (Hamilton's method).

    `total` must be at most the sum of the sizes. No group gets more than its size. Ties go to the smaller key.
    """
    whole = sum(sizes.values()) or 1
    quotas = {key: total * size // whole for key, size in sizes.items()}
    by_remainder = sorted(sizes, key=lambda key: (-(total * sizes[key] % whole), key))
    for key in by_remainder[: total - sum(quotas.values())]:
        quotas[key] += 1
    return quotas


def stratified(labels: pd.Series, pictures: int, seed: int) -> np.ndarray:
    """The positions of a sample of `pictures` pictures, ascending; all positions if there are not more pictures.

    Each class keeps its share, but has at least one picture in the sample. If there are more classes than `pictures`,
    the sample has one picture of each class and is larger than `pictures`.
    """
    if len(labels) <= pictures:
        return np.arange(len(labels))
    generator = np.random.default_rng(seed)
    by_class = {name: np.flatnonzero(labels == name) for name in sorted(labels.unique())}
    more = allocate(max(0, pictures - len(by_class)), {name: len(inside) - 1 for name, inside in by_class.items()})
    drawn = [generator.choice(inside, 1 + more[name], replace=False) for name, inside in by_class.items()]
    return np.sort(np.concatenate(drawn))
