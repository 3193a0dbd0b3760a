import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from brushprint.stats import bootstrap
from brushprint.stats.roc import RocAuc

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
