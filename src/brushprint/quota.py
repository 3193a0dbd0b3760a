"""How many to take from each group so that shares are kept."""

from collections.abc import Mapping
from typing import TypeVar

Key = TypeVar("Key")


def spread(total: int, sizes: Mapping[Key, int]) -> dict[Key, int]:
    """Share `total` out over groups in proportion to their sizes, by the largest remainder (Hamilton's method).

    `total` is at most the sum of the sizes; no group gets more than its size. Ties go to the smaller key.
    """
    whole = sum(sizes.values()) or 1
    quotas = {key: total * size // whole for key, size in sizes.items()}
    by_remainder = sorted(sizes, key=lambda key: (-(total * sizes[key] % whole), key))
    for key in by_remainder[: total - sum(quotas.values())]:
        quotas[key] += 1
    return quotas
