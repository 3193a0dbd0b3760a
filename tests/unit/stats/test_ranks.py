import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from brushprint.stats.ranks import centred_ranks

ROW = st.lists(st.integers(0, 5), min_size=2, max_size=12)


@given(ROW, st.randoms())
def test_the_cosine_of_centred_ranks_is_spearmans_correlation(row: list[int], random) -> None:
    other = random.sample(row, len(row))
    one, two = centred_ranks(np.array([row, other]))
    if len(set(row)) > 1:
        cosine = one @ two / np.linalg.norm(one) / np.linalg.norm(two)
        assert cosine == pytest.approx(spearmanr(row, other).statistic)
    else:
        assert not one.any()


def test_without_rows_there_are_no_ranks() -> None:
    assert centred_ranks(np.empty((0, 4))).shape == (0, 4)
