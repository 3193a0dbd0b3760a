import json

import numpy as np
import pandas as pd
import pytest
from sklearn.manifold import trustworthiness
from sklearn.metrics import silhouette_samples
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

from brushprint.features.embedding import MEASURES, PROTOTYPES, embed, prototypes, spreads, thumbnails

TSNE = {"method": "tsne", "perplexity": 30, "seed": 0}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    with threadpool_limits(1):
        yield


def table(pictures: int, **columns: object) -> pd.DataFrame:
    origin = np.where(np.arange(pictures) % 3 == 0, "human", "ai")
    source = np.array(["human", "latent_diffusion", "stable_diffusion"])[np.arange(pictures) % 3]
    style = np.array(["baroque", "realism"])[np.arange(pictures) // 3 % 2]
    ids = [f"id{number:03}" for number in range(pictures)]
    return pd.DataFrame({"image_id": ids, "label": origin, "origin": origin, "source": source, "style": style}).assign(
        **columns
    )


def blobs(groups: np.ndarray, seed: int = 0, apart: float = 8, width: float = 1) -> np.ndarray:
    generator = np.random.default_rng(seed)
    _, number = np.unique(groups, return_inverse=True)
    centres = generator.normal(0, apart, (number.max() + 1, 6))
    return (centres[number] + generator.normal(0, width, (len(groups), 6))).astype(np.float32)


def test_planted_groups_stay_together_on_the_map():
    groups = np.arange(90) % 3
    features = blobs(groups)
    coordinates, about = embed(features, **TSNE)
    assert coordinates.shape == (90, 2)
    near = NearestNeighbors(n_neighbors=6).fit(coordinates).kneighbors(return_distance=False)
    assert (groups[near] == groups[:, None]).mean() > 0.98
    assert about == {
        "method": "tsne",
        "perplexity": pytest.approx(89 / 3),
        "neighbours": 10,
        "trustworthiness": pytest.approx(trustworthiness(features, coordinates, n_neighbors=10), abs=1e-6),
        "why": None,
    }


def test_two_maps_have_the_same_bits():
    features = blobs(np.arange(60) % 3)
    one, other = (embed(features, **TSNE) for _ in range(2))
    assert np.array_equal(one[0], other[0])
    assert one[1] == other[1]


@pytest.mark.parametrize(
    ("features", "why"),
    [
        (np.random.default_rng(0).normal(size=(9, 4)), "fewer than 10 pictures"),
        (np.zeros((1, 4)), "fewer than 10 pictures"),
        (np.full((20, 4), 3), "the features are the same for every picture"),
    ],
)
def test_features_that_cannot_be_drawn_have_a_reason(features: np.ndarray, why: str):
    coordinates, about = embed(features.astype(np.float32), **TSNE)
    assert coordinates is None
    assert about["why"] == why
    assert json.loads(json.dumps(about, allow_nan=False)) == about


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("pictures", [10, 11, 40])
@pytest.mark.parametrize("kind", ["one value", "one direction", "two pictures"])
def test_few_pictures_and_degenerate_features_are_drawn_or_have_a_reason(pictures: int, kind: str):
    line = np.random.default_rng(0).normal(size=(pictures, 1))
    features = {
        "one value": line,
        "one direction": line * [1, 2, 3],
        "two pictures": np.repeat([[0.0, 1], [1, 0]], pictures, axis=0)[:pictures],
    }[kind]
    coordinates, about = embed(features.astype(np.float32), **TSNE)
    assert (coordinates is None) == (about["why"] is not None)
    if coordinates is not None:
        assert np.isfinite(coordinates).all()
        assert 0 <= about["trustworthiness"] <= 1


def test_umap_draws_a_reproducible_map():
    groups = np.arange(60) % 3
    one, other = (embed(blobs(groups), method="umap", perplexity=15, seed=0) for _ in range(2))
    assert np.array_equal(one[0], other[0])
    assert one[1]["trustworthiness"] > 0.8


def test_prototypes_are_the_nearest_and_the_farthest_of_each_class_and_style():
    given = table(60)
    features = blobs(given["label"].to_numpy())
    found = prototypes(features, given)
    assert found.groupby(["by", "group"]).ngroups == 4
    for (by, group), rows in found.groupby(["by", "group"]):
        inside = (given[{"class": "label", "style": "style"}[by]] == group).to_numpy()
        away = np.linalg.norm(features[inside] - features[inside].mean(0), axis=1)
        order = given["image_id"].to_numpy()[inside][np.argsort(away)]
        nearest, farthest = (rows[rows["kind"] == kind].sort_values("rank") for kind in ("nearest", "farthest"))
        assert nearest["image_id"].tolist() == order[:PROTOTYPES].tolist()
        assert farthest["image_id"].tolist() == order[::-1][:PROTOTYPES].tolist()
        np.testing.assert_allclose(nearest["distance"], np.sort(away)[:PROTOTYPES], rtol=1e-5)


@pytest.mark.parametrize("pictures", range(1, 7))
def test_a_class_with_few_pictures_shows_no_picture_twice(pictures: int):
    given = table(pictures, label="one", style=None)
    found = prototypes(np.random.default_rng(0).normal(size=(pictures, 3)), given)
    assert sorted(found["image_id"]) == sorted(given["image_id"])
    assert (found["kind"] == "nearest").sum() == min(pictures, PROTOTYPES)


def test_styles_have_no_prototypes_if_each_class_has_one_style_or_none():
    styled = table(60).assign(label=lambda table: table["origin"] + " " + table["style"])
    assert set(prototypes(blobs(styled["label"].to_numpy()), styled)["by"]) == {"class"}
    unstyled = table(60, style=None)
    assert set(prototypes(blobs(unstyled["label"].to_numpy()), unstyled)["by"]) == {"class"}


def test_equally_distant_pictures_are_chosen_by_their_ids():
    given = table(12, label="one", style=None)
    features = np.zeros((12, 2), np.float32)
    found = prototypes(features, given)
    shuffled = prototypes(features, given.sample(frac=1, random_state=0))
    assert found["image_id"].tolist() == shuffled["image_id"].tolist()


@pytest.mark.parametrize(("side", "shown"), [(32, 32), (64, 64), (224, 64)])
def test_thumbnails_are_small(side: int, shown: int):
    pixels = np.random.default_rng(0).integers(0, 256, (4, side, side, 3), dtype=np.uint8)
    found = thumbnails(pixels, np.array([3, 0, 3]))
    assert found.shape == (3, shown, shown, 3)
    assert found.dtype == np.uint8
    assert np.array_equal(found[0], found[2])


def test_silhouette_and_purity_match_scikit_learn_and_the_spread_matches_a_direct_computation():
    given = table(90)
    features = blobs(given["source"].to_numpy(), apart=2)
    by_source = spreads(features, given, 0)[0]
    silhouettes = silhouette_samples(features.astype(float), given["source"])
    near = NearestNeighbors(n_neighbors=10).fit(features).kneighbors(return_distance=False)
    same = (given["source"].to_numpy()[near] == given["source"].to_numpy()[:, None]).mean(1)
    overall = np.linalg.norm(features - features.mean(0), axis=1).mean()
    whole = {}
    for row in by_source["groups"]:
        if row["group"]:
            chosen = (given["source"] == row["group"]).to_numpy()
            away = np.linalg.norm(features[chosen] - features[chosen].mean(0), axis=1)
            assert row["spread"]["value"] == pytest.approx(away.mean() / overall, rel=1e-5)
        else:
            chosen = (given["origin"] == row["origin"]).to_numpy()
            whole[row["origin"]] = row
        assert row["pictures"] == chosen.sum()
        assert row["silhouette"]["value"] == pytest.approx(silhouettes[chosen].mean(), abs=1e-6)
        assert row["purity"]["value"] == pytest.approx(same[chosen].mean(), abs=1e-9)
    for measure in MEASURES:
        difference = whole["ai"][measure]["value"] - whole["human"][measure]["value"]
        assert by_source["difference"][measure]["value"] == pytest.approx(difference)


def test_tight_generators_and_overlapping_human_styles_are_distinguished():
    given = table(240)
    human = (given["origin"] == "human").to_numpy()
    groups = given["source"].where(~human, "human").to_numpy()
    features = blobs(groups, apart=6, width=0.5)
    features[human] += np.random.default_rng(1).normal(0, 3, (human.sum(), 6)).astype(np.float32)
    by_source, by_style = spreads(features, given, 0)
    assert by_source["difference"]["spread"]["high"] < 0
    styles = {row["group"]: row for row in by_style["groups"]}
    assert styles["human baroque"]["purity"]["value"] < 0.7
    assert styles["human baroque"]["silhouette"]["low"] < 0.05
    sources = {row["group"]: row for row in by_source["groups"]}
    for name in ("latent_diffusion", "stable_diffusion"):
        assert sources[name]["purity"]["low"] > sources[name]["purity"]["chance"]["high"]
        assert sources[name]["spread"]["high"] < sources[name]["spread"]["chance"]["low"]


def test_shuffled_groups_lie_within_chance():
    misses = []
    for seed in range(20):
        given = table(90)
        features = np.random.default_rng(seed).normal(size=(90, 6)).astype(np.float32)
        for row in spreads(features, given, seed)[0]["groups"]:
            for name in MEASURES if row["group"] else ():
                chance = row[name]["chance"]
                misses.append(not chance["low"] <= row[name]["value"] <= chance["high"])
    assert np.mean(misses) < 0.12


@pytest.mark.parametrize(
    ("pictures", "columns", "features", "whys"),
    [
        (9, {}, None, ["fewer than 10 pictures"] * 2),
        (1, {}, None, ["fewer than 10 pictures"] * 2),
        (20, {"style": None}, None, [None, "fewer than 10 pictures"]),
        (20, {"source": "one", "origin": "ai"}, None, ["only one group", None]),
        (20, {}, np.zeros((20, 3), np.float32), ["the features are the same for every picture"] * 2),
        (20, {"source": [f"source{number}" for number in range(20)], "origin": "ai"}, None, [None, None]),
    ],
)
def test_groups_that_cannot_be_compared_say_why(pictures: int, columns: dict, features: np.ndarray | None, whys: list):
    if features is None:
        features = np.random.default_rng(0).normal(size=(pictures, 3)).astype(np.float32)
    found = spreads(features, table(pictures, **columns), 0)
    assert [grouping["why"] for grouping in found] == whys
    assert all(bool(grouping["groups"]) == (grouping["why"] is None) for grouping in found)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    if columns.get("origin"):
        assert all(grouping["difference"] is None for grouping in found)


def test_two_comparisons_have_the_same_bits():
    given = table(60)
    features = blobs(given["source"].to_numpy())
    assert spreads(features, given, 0) == spreads(features, given, 0)
