import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score, roc_curve

from brushprint.stats import bootstrap
from brushprint.stats.roc import RecallAt, RocAuc

# Many equal scores.
PICTURES = st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.2, 0.5, 0.9])), min_size=1, max_size=30)


@pytest.mark.filterwarnings("error")
@given(PICTURES, st.integers(0, 9))
def test_the_area_of_each_resample_matches_scikit_learn(pictures: list[tuple[bool, float]], seed: int) -> None:
    positive, score = np.array([is_one for is_one, _ in pictures]), np.array([value for _, value in pictures])
    drawn = next(bootstrap.weights(np.arange(len(score)), seed))[:, :5]
    for area, counts in zip(RocAuc(positive, score)(drawn), drawn.T.astype(int), strict=True):
        resample = np.repeat(positive, counts)
        if resample.all() or not resample.any():
            assert np.isnan(area)
        else:
            assert area == pytest.approx(roc_auc_score(resample, np.repeat(score, counts)))


@pytest.mark.filterwarnings("error")
@given(PICTURES, st.integers(0, 9), st.sampled_from([0.0, 0.01, 0.05, 0.25, 1.0]))
def test_the_recall_at_a_rate_is_a_point_on_the_roc_curve(
    pictures: list[tuple[bool, float]], seed: int, rate: float
) -> None:
    positive, score = np.array([is_one for is_one, _ in pictures]), np.array([value for _, value in pictures])
    drawn = next(bootstrap.weights(np.arange(len(score)), seed))[:, :5]
    for recall, counts in zip(RecallAt(positive, score, rate)(drawn), drawn.T.astype(int), strict=True):
        resample = np.repeat(positive, counts)
        if resample.all() or not resample.any():
            assert np.isnan(recall)
        else:
            false, true, _ = roc_curve(resample, np.repeat(score, counts), drop_intermediate=False)
            assert recall == pytest.approx(true[false <= rate + 1e-9].max())
