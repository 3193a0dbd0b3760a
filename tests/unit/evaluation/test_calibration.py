import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from sklearn import metrics as sklearn_metrics
from sklearn.calibration import calibration_curve

from brushprint.evaluation import calibration
from brushprint.evaluation.temperature import apply, log_probabilities, temperature
from brushprint.stats import bootstrap

UNKNOWN = {"value": None, "low": None, "high": None}


@pytest.fixture(autouse=True)
def few_resamples():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "RESAMPLES", 100)
        patch.setattr(calibration, "SIMULATIONS", 100)
        yield


def drawn(pictures: int, seed: int, too_sure: float = 1.0, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Logits of a network that is overconfident by the factor `too_sure`, and the labels."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 1.5, (pictures, classes))
    labels = (generator.random((pictures, 1)) > apply(logits, 1).cumsum(1)).sum(1).clip(max=classes - 1)
    return logits * too_sure, labels


def judged(p: np.ndarray, labels: np.ndarray, groups: np.ndarray | None = None, seed: int = 0) -> dict:
    return calibration.calibration(p, labels, np.arange(len(p)) if groups is None else groups, seed)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 9999), st.integers(1, 200), st.integers(2, 6))
def test_every_measure_matches_its_reference_implementation(seed: int, pictures: int, classes: int) -> None:
    logits, labels = drawn(pictures, seed, 2, classes)
    p = apply(logits, 1)
    found = judged(p, labels)
    confidence, right = p.max(1), p.argmax(1) == labels
    shares, means = calibration_curve(right, confidence, n_bins=15)
    counts = np.histogram(confidence, bins=15, range=(0, 1))[0]
    reference = (np.abs(shares - means) * counts[counts > 0]).sum() / pictures
    assert found["ece"]["value"] == pytest.approx(reference, abs=1e-6)
    assert found["nll"]["value"] == pytest.approx(sklearn_metrics.log_loss(labels, p, labels=range(classes)), abs=1e-6)
    of_each = [((p[:, index] - (labels == index)) ** 2).mean() for index in range(classes)]
    assert found["brier"]["value"] == pytest.approx(sum(of_each), abs=1e-6)


def test_the_brier_score_of_two_classes_is_twice_the_binary_brier_score() -> None:
    logits, labels = drawn(200, 0, classes=2)
    p = apply(logits, 1)
    of_one = sklearn_metrics.brier_score_loss(labels, p[:, 1])
    assert judged(p, labels)["brier"]["value"] == pytest.approx(2 * of_one)


def test_bins_hold_all_pictures_with_their_confidence_and_accuracy() -> None:
    p = np.array([[1.0, 0.0], [0.9, 0.1], [0.1, 0.9], [0.5, 0.5]])
    found = judged(p, np.array([0, 0, 0, 1]))["bins"]
    assert [(of["from"], of["to"]) for of in found] == [(7 / 15, 8 / 15), (13 / 15, 14 / 15), (14 / 15, 1)]
    assert [of["pictures"] for of in found] == [1, 2, 1]
    assert [of["confidence"] for of in found] == pytest.approx([0.5, 0.9, 1])
    # Of equally likely classes, the first is predicted.
    assert [of["accuracy"]["value"] for of in found] == [0, 0.5, 1]
    # A single correct picture is little evidence.
    assert found[-1]["accuracy"]["low"] == pytest.approx(0.2065, abs=1e-4)


@pytest.mark.parametrize("too_sure", [0.5, 1.0, 3.0])
def test_the_temperature_of_many_pictures_minimises_the_loss(too_sure: float) -> None:
    logits, labels = drawn(20_000, 1, too_sure)
    found = temperature(log_probabilities(apply(logits, 1)), labels)

    def loss(tried: float) -> float:
        return sklearn_metrics.log_loss(labels, apply(logits, tried), labels=range(3))

    least = minimize_scalar(loss, bounds=(0.1, 10), method="bounded").x
    assert found == pytest.approx(least, rel=1e-3)
    assert found == pytest.approx(too_sure, rel=0.05)


def test_a_temperature_fitted_on_validation_calibrates_other_pictures_and_changes_no_prediction() -> None:
    fitted = temperature(*drawn(2000, 2, 3))
    logits, labels = drawn(2000, 3, 3)
    before, after = (judged(apply(logits, at), labels) for at in (1, fitted))
    assert before["ece"]["p"] < 0.05 < after["ece"]["p"]
    for measure in ("nll", "brier", "ece"):
        assert after[measure]["value"] < before[measure]["value"]
    np.testing.assert_array_equal(apply(logits, fitted).argmax(1), logits.argmax(1))


@pytest.mark.parametrize("labels", [[], [0], [1], [0] * 8, [1] * 8, [0, 1] * 4, [1, 0] * 4])
def test_the_temperature_is_moderate_for_few_or_separable_or_all_misclassified_pictures(labels: list[int]) -> None:
    logits = np.tile([[3.0, 0.0], [0.0, 3.0]], (4, 1))[: len(labels)]
    assert 0.25 < temperature(logits, np.array(labels, int)) < 15


def test_without_pictures_the_temperature_is_one_and_the_measures_are_unknown() -> None:
    assert temperature(np.empty((0, 3)), np.empty(0, int)) == pytest.approx(1, abs=1e-6)
    found = judged(np.empty((0, 3)), np.empty(0, int))
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert (found["pictures"], found["nll"], found["bins"]) == (0, UNKNOWN, [])


@pytest.mark.filterwarnings("error")
@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.sampled_from([0.0, 1e-320, 0.3, 0.5, 1.0]), st.integers(0, 1)), min_size=1, max_size=9))
def test_probabilities_of_0_and_1_and_single_classes_give_valid_json(rows: list[tuple[float, int]]) -> None:
    p = np.array([[first, 1 - first] for first, _ in rows])
    labels = np.array([label for _, label in rows])
    fitted = temperature(log_probabilities(p), labels)
    assert 1 / 20 <= fitted <= 20
    for of in (p, apply(log_probabilities(p), fitted)):
        found = judged(of, labels, np.arange(len(p)) % 3)
        assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_the_calibration_error_expected_by_chance_is_larger_with_near_duplicates() -> None:
    logits, labels = drawn(50, 0)
    twins = np.repeat(np.arange(50), 4)
    p, labels = apply(logits, 1)[twins], labels[twins]
    alone, together = judged(p, labels), judged(p, labels, twins)
    assert together["ece"]["chance"]["mean"] > 1.5 * alone["ece"]["chance"]["mean"]
    assert together["ece"]["value"] == alone["ece"]["value"]


def test_the_same_seed_gives_the_same_figures_and_another_does_not() -> None:
    logits, labels = drawn(80, 5)
    one, same, other = (judged(apply(logits, 1), labels, seed=seed) for seed in (0, 0, 1))
    assert one == same
    assert one["ece"]["chance"] != other["ece"]["chance"]
