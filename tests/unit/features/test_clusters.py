import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_hypergeom
from sklearn.datasets import make_blobs
from sklearn.metrics import (
    adjusted_rand_score,
    homogeneity_score,
    mutual_info_score,
    normalized_mutual_info_score,
    silhouette_score,
)
from sklearn.metrics.cluster import contingency_matrix
from threadpoolctl import threadpool_limits

from brushprint.features import clusters
from brushprint.features.clusters import LEVEL, MEASURES, chance_of_share, judge, k_means, measures

STYLES = np.array(["baroque", "cubism", "realism", "ukiyo_e"])
CHANCES = {"permutations": 200, "refits": 20, "seed": 0}
CHEAP = {"permutations": 20, "refits": 1, "seed": 0}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    with threadpool_limits(1):
        yield


def blobs(pictures: int = 120, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Points around four distant centres, and the number of the centre of each point."""
    return make_blobs(pictures, n_features=4, centers=4, cluster_std=1.0, center_box=(-12, 12), random_state=seed)


def judged(coordinates: np.ndarray, labels: pd.DataFrame, k: int = 4, **draws: int) -> tuple[dict, list[dict]]:
    return judge(k_means(coordinates, k, 0).labels_, coordinates, labels, **draws)


PAIRS = (
    st.integers(10, 60)
    .flatmap(
        lambda pictures: st.tuples(
            *(st.lists(st.integers(0, most), min_size=pictures, max_size=pictures) for most in (4, 9))
        )
    )
    .filter(lambda pair: all(len(set(values)) > 1 for values in pair))
)


@given(PAIRS)
@settings(deadline=None, max_examples=150)
def test_every_measure_matches_scikit_learn(pair: tuple[list[int], list[int]]):
    named, labels = pair
    table = contingency_matrix(named, labels)
    found = {name: value[0] for name, value in measures(table[None]).items()}
    entropy = mutual_info_score(labels, labels) - mutual_info_score(named, labels)
    assert found["nmi"] == pytest.approx(normalized_mutual_info_score(labels, named), abs=1e-9)
    assert found["ari"] == pytest.approx(adjusted_rand_score(labels, named), abs=1e-9)
    assert found["purity"] == pytest.approx(table.max(1).sum() / len(labels), abs=1e-9)
    assert found["entropy"] == pytest.approx(entropy / np.log(2), abs=1e-9)
    unknown = 1 - found["entropy"] * np.log(2) / mutual_info_score(labels, labels)
    assert unknown == pytest.approx(homogeneity_score(labels, named), abs=1e-9)


@pytest.mark.parametrize(("size", "counts"), [(3, [4, 2, 1]), (5, [3, 3, 3]), (1, [2, 9]), (6, [6, 1])])
def test_the_chance_of_a_share_matches_enumerating_all_draws(size: int, counts: list[int]):
    draws = [
        (draw, multivariate_hypergeom.pmf(draw, counts, size))
        for draw in np.ndindex(*(count + 1 for count in counts))
        if sum(draw) == size
    ]
    for most in range(1, size + 1):
        expected = sum(chance for draw, chance in draws if max(draw) >= most)
        assert chance_of_share(size, most, np.array(counts)) == pytest.approx(expected, abs=1e-9)


def test_the_chance_of_a_share_matches_simulated_draws_of_many_pictures():
    counts = np.full(10, 3000)
    drawn = np.random.default_rng(0).multivariate_hypergeometric(counts, 3000, 4000).max(1)
    for most in (310, 330, 340):
        assert chance_of_share(3000, most, counts) == pytest.approx((drawn >= most).mean(), abs=0.03)
    assert chance_of_share(3000, 450, counts) < 1e-9


def test_planted_styles_are_supported_and_reported_as_more_than_chance():
    coordinates, centre = blobs()
    labels = pd.DataFrame({"style": STYLES[centre], "source": np.arange(120) % 3})
    fit, held = judged(coordinates, labels, **CHANCES)
    style, source = fit["labels"]["style"], fit["labels"]["source"]
    assert style["nmi"]["value"] == style["ari"]["value"] == style["purity"]["value"] == pytest.approx(1)
    assert style["entropy"]["value"] == pytest.approx(0)
    assert all(style[name]["p"] == pytest.approx(1 / 201) for name in MEASURES)
    assert all(source[name]["p"] > 0.05 for name in MEASURES)
    assert all(fit[name]["p"] < 0.05 for name in ("silhouette", "stability"))
    assert {cluster["style"]["dominant"] for cluster in held} == set(STYLES)
    assert all(cluster["style"]["supported"] and cluster["style"]["share"] == 1 for cluster in held)
    assert all(cluster["style"]["lift"] == pytest.approx(4) for cluster in held)
    assert not any(cluster["source"]["supported"] for cluster in held)


def test_a_style_that_is_a_minority_of_a_cluster_is_not_supported():
    coordinates, centre = blobs(400)
    style = np.where(np.arange(400) % 5 < 2, STYLES[centre], np.arange(400) // 5 % 20)
    _, held = judged(coordinates, pd.DataFrame({"style": style}), **CHEAP)
    for cluster in held:
        assert cluster["style"]["p"] < LEVEL
        assert cluster["style"]["share"] < 0.5
        assert not cluster["style"]["supported"]


def test_the_silhouette_matches_scikit_learn_and_distant_clusters_are_stable():
    coordinates, centre = blobs()
    fit, _ = judged(coordinates, pd.DataFrame({"style": STYLES[centre]}), **CHEAP)
    assert fit["silhouette"]["value"] == pytest.approx(
        silhouette_score(coordinates, k_means(coordinates, 4, 0).labels_)
    )
    assert fit["stability"]["value"] == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize(
    ("pictures", "k", "styles", "why"),
    [
        (9, 2, ["a", "b"], "fewer than 10 pictures"),
        (1, 1, ["a"], "fewer than 10 pictures"),
        (20, 2, ["a"], "only one style"),
        (20, 1, ["a", "b"], "only one cluster"),
        (20, 2, [None], "no picture has a known style"),
        (20, 2, ["a", "b", None, None, None], "fewer than 10 pictures"),
    ],
)
def test_labels_that_cannot_be_judged_have_a_reason(pictures: int, k: int, styles: list[str | None], why: str):
    generator = np.random.default_rng(0)
    labels = pd.DataFrame({"style": [styles[number % len(styles)] for number in range(pictures)]}, dtype=object)
    fit, held = judged(generator.normal(size=(pictures, 2)), labels, k, **CHEAP)
    assert fit["labels"]["style"]["why"] == why
    assert all(fit["labels"]["style"][name] is None for name in MEASURES)
    known = [cluster["style"] for cluster in held if cluster["style"]]
    assert not any(style["supported"] or style["p"] for style in known)
    assert json.loads(json.dumps([fit, held], allow_nan=False)) == [fit, held]


@pytest.mark.parametrize(
    ("coordinates", "k", "why"),
    [
        (np.random.default_rng(0).normal(size=(9, 2)), 3, "fewer than 10 pictures"),
        (np.zeros((20, 2)), 3, "only one cluster"),
        (np.random.default_rng(0).normal(size=(12, 2)), 12, "as many clusters as pictures"),
    ],
)
def test_a_silhouette_or_stability_that_cannot_be_judged_has_a_reason(coordinates: np.ndarray, k: int, why: str):
    fit, _ = judged(coordinates, pd.DataFrame(index=range(len(coordinates))), k, **CHEAP)
    for name in ("silhouette", "stability"):
        assert fit[name] == {"why": why, "value": None, "p": None, "chance": None}


def test_a_single_component_has_a_silhouette_but_no_chance_level():
    line = np.column_stack([np.random.default_rng(0).normal(size=30), np.zeros(30)])
    fit, _ = judged(line, pd.DataFrame(index=range(30)), 3, **CHEAP)
    assert fit["silhouette"]["value"] > 0
    assert fit["silhouette"]["why"] == "with one component, shuffling changes nothing"
    assert fit["silhouette"]["chance"] is None


def test_with_few_distinct_points_there_are_only_as_many_clusters():
    corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1.0]])[np.arange(24) % 4]
    fit, _ = judged(corners, pd.DataFrame({"style": STYLES[np.arange(24) % 4]}), 10, **CHEAP)
    assert fit["k"] == 4
    assert fit["silhouette"]["value"] == pytest.approx(1)


def test_the_silhouette_of_many_pictures_is_estimated_from_a_sample(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(clusters, "MOST", 50)
    coordinates, centre = blobs(400)
    labels = pd.DataFrame({"style": STYLES[centre]})
    fit, _ = judged(coordinates, labels, **CHEAP)
    assert fit["labels"]["style"]["pictures"] == fit["pictures"] == 400
    assert fit["silhouette"]["value"] == pytest.approx(silhouette_score(coordinates, centre), abs=0.05)


def test_pictures_without_a_label_do_not_count():
    coordinates, centre = blobs()
    style = pd.Series(STYLES[centre], dtype=object)
    style[centre == 0] = None
    fit, held = judged(coordinates, pd.DataFrame({"style": style}), **CHEAP)
    assert fit["labels"]["style"]["pictures"] == (centre != 0).sum()
    assert [cluster["style"] is None for cluster in held].count(True) == 1


def test_two_runs_give_the_same_bits():
    coordinates, centre = blobs()
    labels = pd.DataFrame({"style": STYLES[centre]})
    assert judged(coordinates, labels, **CHANCES) == judged(coordinates, labels, **CHANCES)
