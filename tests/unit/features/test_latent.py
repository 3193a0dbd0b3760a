import json
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from brushprint.core.tables import read_features
from brushprint.features.latent import ALL, OUTCOMES, SHARES, SPACES, _principal_components, latent

SETTINGS = {"variance": 0.8, "clusters": 4, "permutations": 20, "refits": 2, "seed": 0}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    with threadpool_limits(1):
        yield


def blobs(pictures: int, values: int, seed: int = 0) -> np.ndarray:
    """Features around six centres of unequal weight, so that few directions hold most of the variance."""
    generator = np.random.default_rng(seed)
    centres = generator.normal(0, 4, (6, values))
    chosen = generator.choice(6, pictures, p=[0.4, 0.25, 0.15, 0.1, 0.06, 0.04])
    return (centres[chosen] + generator.normal(0, 1, (pictures, values))).astype(np.float32)


def table(pictures: int, misclassified: int) -> pd.DataFrame:
    generator = np.random.default_rng(1)
    outcome = np.array(["misclassified"] * misclassified + ["correct"] * (pictures - misclassified))
    return pd.DataFrame(
        {
            "image_id": [f"id{number}" for number in range(pictures)],
            "outcome": generator.permutation(outcome),
            "style": generator.choice(["cubism", "baroque", "realism"], pictures),
            "source": generator.choice(["human", "latent_diffusion"], pictures),
        },
        index=np.arange(pictures) + 100,
    )


def assert_sensible(points: pd.DataFrame, summary: dict, given: pd.DataFrame) -> None:
    assert points["image_id"].tolist() == given["image_id"].tolist()
    assert points["outcome"].tolist() == given["outcome"].tolist()
    assert np.isfinite(points.select_dtypes("number").to_numpy()).all()
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    for space in SPACES:
        rows = [row for row in summary["clusters"] if row["space"] == space]
        assert sum(row["size"] for row in rows if row["outcome"] != ALL) == len(given)
        assert sum(row["size"] for row in rows if row["outcome"] == ALL) == len(given)
        for row in rows:
            whole = row["outcome"] == ALL
            column = f"cluster_{space}_all" if whole else f"cluster_{space}"
            inside = (whole | (points["outcome"] == row["outcome"])) & (points[column] == row["cluster"])
            assert inside.sum() == row["size"] > 0
            for column in ("style", "source"):
                counts = given.loc[inside.to_numpy(), column].value_counts().to_dict()
                assert row[f"{column}s"] == counts


@pytest.mark.parametrize(("pictures", "values"), [(200, 12), (30, 50), (12, 12)])
def test_components_match_scikit_learn_up_to_sign(pictures: int, values: int):
    features = blobs(pictures, values)
    points, summary = latent(features, table(pictures, 9), **SETTINGS)
    pca = PCA(svd_solver="full").fit(features.astype(float))
    expected = pca.transform(features.astype(float))[:, :2]
    found = points[["pc1", "pc2"]].to_numpy()
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-6)
    shares = pca.explained_variance_ratio_
    np.testing.assert_allclose(summary["explained"], shares[: len(summary["explained"])], atol=1e-9)
    assert summary["explained_2d"] == pytest.approx(shares[:2].sum())
    assert summary["values"] == values


@pytest.mark.parametrize("variance", [0.05, 0.5, 0.8, 0.99, 1.0])
def test_the_full_space_keeps_the_fewest_components_that_hold_the_variance(variance: float):
    features = blobs(100, 8)
    shares = np.cumsum(PCA(svd_solver="full").fit(features.astype(float)).explained_variance_ratio_)
    _, summary = latent(features, table(100, 20), **SETTINGS | {"variance": variance})
    kept = summary["components_full"]
    assert shares[kept - 1] >= variance - 1e-12
    assert kept == 1 or shares[kept - 2] < variance
    assert len(summary["explained"]) == 8


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("space", SPACES)
def test_clusters_match_scikit_learn_and_are_numbered_by_size(outcome: str, space: str):
    features, given = blobs(150, 10), table(150, 60)
    points, summary = latent(features, given, **SETTINGS)
    kept = 2 if space == "2d" else summary["components_full"]
    inside = (given["outcome"] == outcome).to_numpy()
    coordinates = PCA(svd_solver="covariance_eigh").fit_transform(features.astype(float))[inside, :kept]
    means = KMeans(n_clusters=4, n_init=10, random_state=0).fit(coordinates)
    found = points[inside]
    pairs = set(zip(means.labels_, found[f"cluster_{space}"], strict=True))
    assert len(pairs) == 4
    assert found[f"cluster_{space}"].value_counts().sort_index().is_monotonic_decreasing
    np.testing.assert_allclose(found[f"distance_{space}"], means.transform(coordinates).min(1), atol=1e-9)


def test_all_pictures_are_clustered_together_too():
    features, given = blobs(150, 10), table(150, 60)
    points, summary = latent(features, given, **SETTINGS)
    coordinates = PCA(svd_solver="covariance_eigh").fit_transform(features.astype(float))
    for space, kept in (("2d", 2), ("full", summary["components_full"])):
        means = KMeans(n_clusters=4, n_init=10, random_state=0).fit(coordinates[:, :kept])
        assert adjusted_rand_score(means.labels_, points[f"cluster_{space}_all"]) == 1
        np.testing.assert_allclose(
            points[f"distance_{space}_all"], means.transform(coordinates[:, :kept]).min(1), atol=1e-9
        )


def test_every_fit_is_compared_with_style_and_source_and_the_fit_of_all_pictures_also_with_outcome():
    _, summary = latent(blobs(150, 10), table(150, 60), **SETTINGS)
    judged = {(fit["outcome"], fit["space"]): list(fit["labels"]) for fit in summary["fits"]}
    assert judged == {
        (outcome, space): ["style", "source"] + ["outcome"] * (outcome == ALL)
        for space in SPACES
        for outcome in (*OUTCOMES, ALL)
    }
    assert len(summary["clusters"]) == 4 * len(judged)
    assert all(row["labels"].keys() == set(judged[row["outcome"], row["space"]]) for row in summary["clusters"])


def test_enough_variance_shares_are_reported_for_a_scree_plot():
    features = blobs(200, 100)
    for variance in (0.5, 0.99):
        _, summary = latent(features, table(200, 20), **SETTINGS | {"variance": variance})
        assert len(summary["explained"]) == min(100, max(SHARES, 2 * summary["components_full"]))
        assert summary["variance"] == variance


def test_the_summary_counts_the_pictures_of_each_cluster():
    given = table(120, 30)
    assert_sensible(*latent(blobs(120, 10), given, **SETTINGS), given)


def test_two_runs_give_the_same_bits():
    one, other = (latent(blobs(120, 10), table(120, 30), **SETTINGS) for _ in range(2))
    pd.testing.assert_frame_equal(one[0], other[0], check_exact=True)
    assert one[1] == other[1]


@pytest.mark.parametrize(
    ("pictures", "misclassified"), [(40, 0), (40, 1), (40, 2), (40, 40), (8, 3), (2, 1), (2, 0), (1, 0), (1, 1)]
)
@pytest.mark.parametrize("values", [1, 2, 30])
def test_few_pictures_of_an_outcome_make_fewer_clusters(pictures: int, misclassified: int, values: int):
    given = table(pictures, misclassified)
    points, summary = latent(blobs(pictures, values), given, **SETTINGS)
    assert_sensible(points, summary, given)
    for outcome, count in (("misclassified", misclassified), ("correct", pictures - misclassified)):
        named = points.loc[points["outcome"] == outcome, "cluster_2d"]
        assert named.nunique() == min(4, count)


def test_constant_features_are_one_cluster_at_the_origin():
    given = table(20, 5)
    points, summary = latent(np.full((20, 6), 3, np.float32), given, **SETTINGS)
    assert_sensible(points, summary, given)
    assert not points[["pc1", "pc2", "cluster_2d", "cluster_full", "distance_2d"]].to_numpy().any()
    assert (summary["explained"], summary["components_full"]) == ([0, 0], 1)
    assert {fit["silhouette"]["why"] for fit in summary["fits"]} == {"only one cluster", "fewer than 10 pictures"}


def test_features_in_one_direction_have_a_second_component_of_zero():
    features = np.outer(np.arange(20), [1, 2, 3]).astype(np.float32)
    given = table(20, 5)
    points, summary = latent(features, given, **SETTINGS)
    assert_sensible(points, summary, given)
    assert summary["explained"] == pytest.approx([1, 0, 0])
    np.testing.assert_allclose(points["pc2"], 0, atol=1e-6)


@pytest.mark.parametrize("missing", [None, np.nan])
def test_pictures_without_a_style_are_counted_by_source_alone(missing: object):
    given = table(30, 8).assign(style=missing)
    points, summary = latent(blobs(30, 5), given, **SETTINGS)
    assert_sensible(points, summary, given)
    assert all(row["styles"] == {} and row["labels"]["style"] is None for row in summary["clusters"])
    assert {fit["labels"]["style"]["why"] for fit in summary["fits"]} == {"no picture has a known style"}


def test_features_are_read_back_as_they_were_written(tmp_path):
    features = blobs(20, 7)
    lists = pa.FixedSizeListArray.from_arrays(pa.array(features.ravel()), 7)
    pq.write_table(pa.table({"pool": lists}), tmp_path / "features.parquet", row_group_size=6)
    chosen = np.arange(20) % 3 > 0
    found = read_features(tmp_path / "features.parquet", "pool", chosen)
    assert found.dtype == np.float32
    assert np.array_equal(found, features[chosen])


def many() -> np.ndarray:
    """10 MB of features in two directions, large enough to notice a second copy in memory."""
    chance = np.random.default_rng(0)
    return (chance.normal(size=(40_000, 2)) @ chance.normal(size=(2, 64))).astype(np.float32)


def test_reading_some_features_does_not_load_all_of_them(tmp_path: Path):
    features = many()
    lists = pa.FixedSizeListArray.from_arrays(pa.array(features.ravel()), 64)
    pq.write_table(pa.table({"pool": lists}), tmp_path / "features.parquet")
    chosen = np.arange(len(features)) % 10 == 0
    usual = pa.default_memory_pool()
    counted = pa.proxy_memory_pool(usual)
    pa.set_memory_pool(counted)
    tracemalloc.start()
    try:
        found = read_features(tmp_path / "features.parquet", "pool", chosen)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        pa.set_memory_pool(usual)
    assert np.array_equal(found, features[chosen])
    assert peak + counted.max_memory() < features.nbytes


def test_components_are_computed_without_a_second_copy_of_the_features():
    features = many()
    tracemalloc.start()
    _, explained, kept = _principal_components(features, 0.999)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (kept, peak < features.nbytes) == (2, True)
    np.testing.assert_allclose(explained[2:], 0, atol=1e-9)
