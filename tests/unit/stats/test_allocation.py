import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from brushprint.stats.allocation import stratified


@given(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=60), st.integers(1, 70), st.integers(0, 9))
@settings(deadline=None)
def test_a_sample_keeps_every_class_and_about_its_share(labels: list[str], pictures: int, seed: int):
    labels = pd.Series(labels)
    chosen = stratified(labels, pictures, seed)
    classes = labels.nunique()
    assert len(chosen) == min(len(labels), max(pictures, classes))
    assert (np.diff(chosen) > 0).all()
    assert set(labels[chosen]) == set(labels)
    shares = labels.value_counts(normalize=True)
    counts = labels[chosen].value_counts()
    assert all(counts[name] <= share * len(labels) + 1e-9 for name, share in shares.items())
    assert all(abs(counts[name] - share * len(chosen)) <= classes for name, share in shares.items())


def test_another_seed_draws_another_sample_and_the_same_seed_the_same():
    labels = pd.Series(np.arange(200) % 4)
    assert np.array_equal(stratified(labels, 50, 1), stratified(labels, 50, 1))
    assert not np.array_equal(stratified(labels, 50, 1), stratified(labels, 50, 2))
