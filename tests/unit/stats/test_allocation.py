"""Shares of groups are kept, and nothing is lost to rounding."""

from fractions import Fraction
from math import ceil, floor

from hypothesis import given, settings
from hypothesis import strategies as st

from brushprint.stats.allocation import allocate


@settings(deadline=None, max_examples=40)
@given(st.dictionaries(st.text(max_size=3), st.integers(0, 1000), max_size=12), st.floats(0, 1))
def test_the_whole_total_is_allocated_in_proportion(sizes: dict[str, int], share: float):
    whole = sum(sizes.values())
    total = round(share * whole)
    allocation = allocate(total, sizes)
    assert sum(allocation.values()) == total
    for key, size in sizes.items():
        exact = Fraction(total * size, whole or 1)
        assert floor(exact) <= allocation[key] <= min(ceil(exact), size)


def test_ties_go_to_the_smaller_key():
    assert allocate(2, {"c": 5, "a": 5, "b": 5}) == {"a": 1, "b": 1, "c": 0}
