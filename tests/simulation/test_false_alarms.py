"""Simulations of false alarms: how often a test or an audit reports an effect where there is none."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from threadpoolctl import threadpool_limits

from brushprint.evaluation.shortcut_audit import _bound
from brushprint.features.clusters import LEVEL
from brushprint.saliency.regions import REGIONS
from brushprint.stats import bootstrap
from brushprint.stats.significance import compare, mcnemar
from tests.conftest import encoded, model_of
from tests.support import planted
from tests.unit.evaluation.test_shortcut_audit import collection, found, judged, noise
from tests.unit.features import test_clusters as of_clusters
from tests.unit.saliency import test_profiles as of_profiles
from tests.unit.stats.test_significance import alone, answers


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    with threadpool_limits(1):
        yield


def equally_good(count: int, pictures: int, generator: np.random.Generator) -> dict[str, pd.Series]:
    """Variants that are right on 70 % of the pictures, not independently: some pictures are easy."""
    easy = generator.random(pictures) < 0.4
    return answers(**{str(number): easy | (generator.random(pictures) < 0.5) for number in range(count)})


def test_two_equal_variants_differ_significantly_at_most_as_often_as_stated() -> None:
    generator = np.random.default_rng(0)
    found = [equally_good(2, pictures, generator) for pictures in (20, 60, 200) for _ in range(700)]
    p = [mcnemar(int((one & ~other).sum()), int((other & ~one).sum())) for one, other in map(dict.values, found)]
    # At a rate of 5 %, 105 of the 2,100 are expected; 126 is two standard deviations more.
    assert 0.02 < np.mean(np.array(p) <= 0.05) <= 0.06


def test_among_many_equal_variants_any_pair_differs_significantly_at_most_as_often_as_stated() -> None:
    generator = np.random.default_rng(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "RESAMPLES", 1)
        trials = [compare(equally_good(5, 80, generator), alone(80), "AI or human", 0) for _ in range(300)]
    wrong = [min(row["p_corrected"] for row in rows) <= 0.05 for rows in trials]
    uncorrected = [min(row["p"] for row in rows) <= 0.05 for rows in trials]
    assert np.mean(wrong) <= 0.06
    assert np.mean(uncorrected) > 0.12


def either(image: Image.Image) -> bytes:
    """A picture of one of several sizes, qualities and formats, whatever its origin."""
    generator = np.random.default_rng(image.getpixel((0, 0)))
    image = image.resize([(96, 96), (80, 120)][generator.integers(2)], Image.Resampling.BICUBIC)
    return encoded(image, ["JPEG", "JPEG", "PNG"][generator.integers(3)], quality=int(generator.integers(50, 96)))


def test_file_properties_that_vary_alike_for_both_origins_are_not_reported(tmp_path: Path) -> None:
    for seed in range(8):
        table = collection(tmp_path / str(seed), ai=either, human=either, seed=seed, pictures=60)
        assert found(tmp_path / str(seed), table) == {}


def test_at_most_one_in_twenty_audits_of_uninformative_cues_reports_anything() -> None:
    """The margin is 0 here; a larger margin makes false alarms even rarer."""
    alarms = [any(row["reported"] for row in judged(noise(seed, 14, 12), margin=0, seed=seed)) for seed in range(40)]
    assert np.mean(alarms) <= 0.05


@pytest.mark.parametrize("copies", [1, 5])
@pytest.mark.parametrize(("ai", "human"), [(10, 10), (15, 60), (100, 100)])
@pytest.mark.parametrize("accuracy", [0.5, 0.7, 0.95])
def test_the_bound_is_too_high_at_most_as_often_as_stated(ai: int, human: int, copies: int, accuracy: float) -> None:
    generator = np.random.default_rng(0)
    is_ai = np.repeat([True, False], [ai, human]).repeat(copies)
    groups = np.arange(ai + human).repeat(copies)
    bounds = [
        _bound((generator.random(ai + human) < accuracy).repeat(copies), is_ai, groups, 0.01) for _ in range(1500)
    ]
    assert np.mean(np.array(bounds) > accuracy) <= 0.01 + 3 * np.sqrt(0.01 / 1500)


def test_the_chance_level_matches_shuffled_labels() -> None:
    generator = np.random.default_rng(0)
    named, style = generator.integers(3, size=80), generator.choice(of_clusters.STYLES, 80, p=[0.5, 0.3, 0.1, 0.1])
    fit, _ = of_clusters.judge(
        named, generator.normal(size=(80, 2)), pd.DataFrame({"style": style}), permutations=2000, refits=1, seed=0
    )
    shuffled = [generator.permutation(style) for _ in range(2000)]
    for name, score in (("nmi", normalized_mutual_info_score), ("ari", adjusted_rand_score)):
        expected = np.array([score(labels, named) for labels in shuffled])
        found = fit["labels"]["style"][name]
        value = score(style, named)
        assert found["value"] == pytest.approx(value, abs=1e-9)
        assert found["p"] == pytest.approx((expected >= value).mean(), abs=0.05)
        assert found["chance"]["mean"] == pytest.approx(expected.mean(), abs=3e-3)
        low, high = np.quantile(expected, [0.025, 0.975])
        assert [found["chance"]["low"], found["chance"]["high"]] == pytest.approx([low, high], abs=0.01)


def test_shuffled_styles_are_rarely_supported_and_rarely_significant():
    coordinates, centre = of_clusters.blobs()
    styles = [np.random.default_rng(seed).permutation(of_clusters.STYLES[centre]) for seed in range(40)]
    fits = [of_clusters.judged(coordinates, pd.DataFrame({"style": style}), **of_clusters.CHEAP) for style in styles]
    assert sum(any(cluster["style"]["p"] < LEVEL for cluster in held) for _, held in fits) <= 4
    assert sum(fit["labels"]["style"]["nmi"]["p"] < 0.05 for fit, _ in fits) <= 4


def test_clusters_of_one_cloud_are_rarely_reported_as_separate_or_stable():
    false = {"silhouette": 0, "stability": 0}
    for seed in range(24):
        cloud = np.random.default_rng(seed).normal(size=(60, 3))
        fit, _ = of_clusters.judged(cloud, pd.DataFrame(index=range(60)), **of_clusters.CHANCES | {"seed": seed})
        for name in false:
            false[name] += fit[name]["p"] < 0.05
    assert max(false.values()) <= 3


@pytest.mark.parametrize("architecture", ["cifake", "conv3", "simple-cnn"])
def test_in_networks_with_random_weights_effects_are_rarely_reported(architecture: str) -> None:
    """By chance, an effect is reported in at most one in twenty regions of ten such networks."""
    pixels, colours = planted.pictures(80, seed=2)
    regions = []
    for seed in range(10):
        torch.manual_seed(1000 + seed)
        model = model_of(architecture, planted.SIDE, planted.CLASSES)
        table = planted.table(model, pixels, colours)
        shares = of_profiles.measured(model, pixels, table, seed=100 * seed).shares
        regions += of_profiles.found_in_all(shares, table).tolist()
    assert len(regions) == 10 * len(REGIONS)
    assert regions.count("none") >= 0.95 * len(regions)
