"""Simulations of coverage: how often an interval contains the true value, which is known here."""

import numpy as np
import pytest

from brushprint.data.corrupted_arrays import CONDITIONS
from brushprint.evaluation import calibration, detection
from brushprint.evaluation.arms import Answers, unseen
from brushprint.evaluation.temperature import apply
from brushprint.stats import bootstrap
from brushprint.stats.bootstrap import interval, weights
from brushprint.stats.significance import compare
from tests.unit.evaluation import test_arms as of_arms
from tests.unit.evaluation import test_calibration as of_calibration
from tests.unit.evaluation import test_detection as of_detection
from tests.unit.evaluation import test_robustness as of_robustness
from tests.unit.stats import test_significance as of_significance


@pytest.fixture
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "RESAMPLES", 200)
    monkeypatch.setattr(calibration, "SIMULATIONS", 100)


def covered(size: int | np.ndarray, seed: int, *, by_groups: bool) -> float:
    """How often the interval contains the true accuracy of 0.8, if a group of `size` is all right or all wrong."""
    generator, held = np.random.default_rng(seed), []
    for trial in range(300):
        groups = np.repeat(np.arange(150), size)
        right = (generator.random(150) < 0.8)[groups]
        unit = groups if by_groups else np.arange(len(groups))
        resampled = np.concatenate([right @ part / part.sum(0) for part in weights(unit, trial)])
        found = interval(right.mean(), resampled)
        held.append(found["low"] <= 0.8 <= found["high"])
    return float(np.mean(held))


def test_the_interval_of_single_pictures_covers_the_truth_as_often_as_stated() -> None:
    assert 0.92 <= covered(1, 0, by_groups=True) <= 0.97


def test_the_interval_of_groups_covers_the_truth_and_one_that_ignores_groups_does_not() -> None:
    assert 0.92 <= covered(3, 1, by_groups=True) <= 0.97
    assert covered(3, 1, by_groups=False) < 0.85


def test_the_interval_of_groups_of_mixed_sizes_covers_the_truth() -> None:
    assert 0.92 <= covered(np.arange(150) % 4 + 1, 2, by_groups=True) <= 0.97


@pytest.mark.usefixtures("few_resamples")
def test_the_interval_of_the_difference_covers_the_truth_as_often_as_stated() -> None:
    generator = np.random.default_rng(3)
    held = []
    for _ in range(300):
        drawn = generator.random((2, 150)) < [[0.8], [0.7]]
        right = of_significance.answers(a=drawn[0], b=drawn[1])
        difference = compare(right, of_significance.alone(150), "", 0)[0]["difference"]
        held.append(difference["low"] <= 0.1 <= difference["high"])
    assert 0.92 <= np.mean(held) <= 0.975


@pytest.mark.usefixtures("few_resamples")
@pytest.mark.parametrize("size", [1, 3])
def test_intervals_of_detection_cover_the_truth_as_often_as_stated(size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "RESAMPLES", 1)
        everything = of_detection.judged(*of_detection.drawn(200_000, seed=99))
    truth = {name: everything[name]["value"] for name in detection.MEASURES}
    held = {name: [] for name in detection.MEASURES}
    for trial in range(300):
        groups = np.repeat(np.arange(150), size)
        is_ai, score = (values[groups] for values in of_detection.drawn(150, seed=trial))
        found = of_detection.judged(is_ai, score, groups=groups, seed=trial)
        for name, hits in held.items():
            hits.append(found[name]["low"] <= truth[name] <= found[name]["high"])
    for name, hits in held.items():
        assert 0.92 <= np.mean(hits) <= 0.975, (name, np.mean(hits))


@pytest.mark.usefixtures("few_resamples")
def test_chance_explains_the_calibration_error_of_a_calibrated_network_on_few_pictures() -> None:
    found = []
    for seed in range(100):
        logits, labels = of_calibration.drawn(100, seed)
        found.append(of_calibration.judged(apply(logits, 1), labels, seed=seed)["ece"])
    values = np.array([of["value"] for of in found])
    # With so few pictures the error is large, although the network is calibrated.
    assert values.mean() > 0.05
    assert values.mean() == pytest.approx(np.mean([of["chance"]["mean"] for of in found]), rel=0.1)
    assert np.mean([of["p"] <= 0.05 for of in found]) <= 0.1
    assert np.mean([of["low"] == 0 for of in found]) >= 0.9


@pytest.mark.usefixtures("few_resamples")
@pytest.mark.parametrize("too_sure", [1.0, 2.0])
@pytest.mark.parametrize("size", [1, 3])
def test_intervals_of_calibration_cover_the_truth_as_often_as_stated(too_sure: float, size: int) -> None:
    logits, labels = of_calibration.drawn(300_000, 99, too_sure)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "RESAMPLES", 1)
        everything = of_calibration.judged(apply(logits, 1), labels)
    truth = {name: everything[name]["value"] for name in ("nll", "brier", "ece")}
    # The true error of a calibrated network is 0; the error measured on even this many pictures is noise.
    truth["ece"] *= too_sure > 1
    held = {name: [] for name in truth}
    groups = np.repeat(np.arange(200), size)
    for trial in range(300):
        logits, labels = (values[groups] for values in of_calibration.drawn(200, trial, too_sure))
        found = of_calibration.judged(apply(logits, 1), labels, groups, trial)
        for name, hits in held.items():
            hits.append(found[name]["low"] <= truth[name] <= found[name]["high"])
    assert 0.92 <= np.mean(held["nll"]) <= 0.975
    assert 0.92 <= np.mean(held["brier"]) <= 0.975
    assert np.mean(held["ece"]) >= 0.9, np.mean(held["ece"])


@pytest.mark.usefixtures("few_resamples")
def test_intervals_of_robustness_and_of_its_changes_cover_the_truth() -> None:
    """In 150 simulated test sets of 160 pictures each; all corruptions have the same effect."""
    generator = np.random.default_rng(0)
    is_ai = np.arange(160) % 2 == 0
    truth, after, rounds, covered = 0.85, 0.75, 150, np.zeros(2)
    for seed in range(rounds):
        right = np.empty((160, len(CONDITIONS)), bool)
        draw = generator.random(160)
        right[:, 0], right[:, 1:] = draw < truth, (draw < after)[:, None]
        table = of_robustness.judged((right == is_ai[:, None]).astype(float), is_ai, seed=seed)
        row = of_robustness.row_of(table, "jpeg", 1, "balanced_accuracy")
        covered += row["low"] <= after <= row["high"], row["change_low"] <= after - truth <= row["change_high"]
    assert (covered / rounds > 0.89).all() and (covered / rounds < 0.995).all()


@pytest.mark.usefixtures("few_resamples")
def test_the_intervals_of_retrained_arms_cover_the_truth_as_often_as_stated() -> None:
    generator = np.random.default_rng(0)
    table = of_arms.pictures(human=150, dalle=100)
    is_ai = (table["origin"] == "ai").to_numpy()
    held = {"misses": [], "balanced_accuracy": []}
    for trial in range(200):
        # Some pictures are easy for both, so that their answers are correlated.
        easy = generator.random(250) < 0.5
        score = [np.where(easy | (generator.random(250) < skill), is_ai, ~is_ai) for skill in (0.8, 0.4)]
        both = (Answers(one.astype(float), one) for one in score)
        found = unseen(*both, table, "dalle", ["dalle"], rate=0.05, seed=trial)["difference"]
        for name, truth in (("misses", 0.2), ("balanced_accuracy", -0.2)):
            held[name].append(found[name]["low"] <= truth <= found[name]["high"])
    for name, hits in held.items():
        assert 0.9 <= np.mean(hits) <= 0.985, (name, np.mean(hits))
