"""A head is scikit-learn's logistic regression on standardised features, with a penalty chosen by cross-validation."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from brushprint.core.errors import UserError
from brushprint.training.heads import PENALTIES, fit_head


def drawn(pictures: int, classes: int, seed: int = 0, apart: float = 1.5) -> tuple[np.ndarray, np.ndarray]:
    """Features, some of which tell the classes apart, and the classes."""
    generator = np.random.default_rng(seed)
    targets = generator.permutation(np.arange(pictures) % classes)
    features = generator.normal(size=(pictures, 12)).astype(np.float32) * 7 + 3
    features[:, :classes] += apart * 7 * np.eye(classes)[targets]
    return features, targets


def fitted(features: np.ndarray, targets: np.ndarray, groups: np.ndarray | None = None, **changes: object):
    groups = np.arange(len(targets)) if groups is None else groups
    usual = {"classes": int(targets.max()) + 1, "balanced": False, "seed": 0, "label": "head"}
    return fit_head(features, targets, groups, **usual | changes)


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("balanced", [False, True])
def test_a_head_equals_scikit_learn_s(classes: int, balanced: bool) -> None:
    features, targets = drawn(200, classes)
    head, history = fitted(features, targets, balanced=balanced)
    penalty = history.loc[history["best"], "penalty"].item()
    model = LogisticRegression(
        C=1 / (200 * penalty), class_weight="balanced" if balanced else None, tol=1e-6, max_iter=1000
    )
    model = make_pipeline(StandardScaler(), model).fit(features.astype(float), targets)
    logits = (features - head.mean) / head.deviation @ head.coefficients.T + head.intercepts
    np.testing.assert_allclose(logits, model.decision_function(features).reshape(logits.shape), atol=1e-5)


def test_the_penalty_has_the_least_loss_of_pictures_that_were_left_out() -> None:
    _, history = fitted(*drawn(300, 2))
    assert tuple(history["penalty"]) == PENALTIES
    assert history["best"].sum() == 1
    assert history.loc[history["best"], "validation_loss"].item() == history["validation_loss"].min()
    assert history["validation_accuracy"].between(0, 1).all()


def test_near_duplicates_are_never_on_both_sides() -> None:
    """Each picture is there five times: if copies were on both sides, labels dealt at random would seem learnable."""
    features, targets = np.random.default_rng(0).normal(size=(40, 100)).astype(np.float32), np.arange(40) % 2
    many = np.repeat(np.arange(40), 5)
    _, apart = fitted(features[many], targets[many], many)
    _, mixed = fitted(features[many], targets[many], np.arange(200))
    assert apart["validation_accuracy"].max() < 0.75 < mixed["validation_accuracy"].max()


def test_rarer_classes_weigh_more_if_that_is_asked() -> None:
    features, targets = drawn(200, 2, apart=0.3)
    few = np.r_[np.flatnonzero(targets == 0), np.flatnonzero(targets == 1)[:10]]
    rates = []
    for balanced in (False, True):
        head, _ = fitted(features[few], targets[few], balanced=balanced)
        logits = (features - head.mean) / head.deviation @ head.coefficients.T + head.intercepts
        rates.append((logits > 0).mean())
    assert rates[0] < 0.2 < rates[1]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=2, max_size=25), st.integers(0, 9))
def test_a_head_is_fitted_to_any_few_pictures_of_at_least_two_classes(targets: list[int], seed: int) -> None:
    classes, index = np.unique(targets, return_inverse=True)
    features = np.random.default_rng(seed).normal(size=(len(index), 3)).astype(np.float32)
    features[:, 2] = 1  # a feature without any spread
    if len(classes) < 2:
        with pytest.raises(UserError, match="head: all training pictures have one class"):
            fitted(features, index)
        return
    head, history = fitted(features, index, np.arange(len(index)) // 2)
    assert np.isfinite(head.coefficients).all() and np.isfinite(head.intercepts).all()
    assert len(head.coefficients) == (1 if len(classes) == 2 else len(classes))
    assert history["best"].sum() == 1


@pytest.mark.parametrize("present", [[0, 2], [0, 1, 3]])
def test_a_class_without_pictures_gets_a_probability_of_0_and_changes_no_other(present: list[int]) -> None:
    features, targets = drawn(90, len(present))
    known, _ = fitted(features, targets)
    head, _ = fitted(features, np.array(present)[targets], classes=4)
    assert head.coefficients.shape == (4, 12)
    logits, fewer = (
        (features - each.mean) / each.deviation @ each.coefficients.T + each.intercepts for each in (head, known)
    )
    if len(present) == 2:
        fewer = np.hstack([np.zeros_like(fewer), fewer])
    p = softmax(logits, axis=1)
    np.testing.assert_allclose(p[:, present], softmax(fewer, axis=1), atol=1e-12)
    assert (np.delete(p, present, axis=1) == 0).all()


def test_the_same_pictures_give_the_same_head() -> None:
    features, targets = drawn(60, 3)
    torch.manual_seed(1)
    first, second = fitted(features, targets)[0], fitted(features, targets)[0]
    assert all((one == other).all() for one, other in zip(first, second, strict=True))
