import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brushprint.stats.multiple_testing import holm


def test_holm_multiplies_the_smallest_p_most() -> None:
    """The worked example of the definition: 0.01 × 4, 0.02 × 3, then never less than the one before, and at most 1."""
    assert holm([0.03, 0.01, 0.6, 0.02]).tolist() == pytest.approx([0.06, 0.04, 0.6, 0.06])
    assert holm([0.9, 0.8]).tolist() == [1, 1]
    assert holm([]).tolist() == []


@given(st.lists(st.floats(0, 1), max_size=12), st.floats(0.001, 0.2))
def test_holm_rejects_the_same_hypotheses_as_the_step_down_procedure(p: list[float], level: float) -> None:
    rejected = np.zeros(len(p), dtype=bool)
    for step, index in enumerate(sorted(range(len(p)), key=lambda index: p[index])):
        if p[index] * (len(p) - step) > level:
            break
        rejected[index] = True
    np.testing.assert_array_equal(holm(p) <= level, rejected)


def test_holm_matches_the_textbook_example():
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([0.9, 0.8])).tolist() == [1, 1]
