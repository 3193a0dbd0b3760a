"""The scores of a network for corrupted pictures."""

import numpy as np
import pandas as pd
import pytest
import torch

from brushprint.models.model import Model
from brushprint.training.corrupted_inference import scores
from brushprint.training.inference import infer
from tests.conftest import model_of

CLASSES = ["ai", "human", "other"]
SIDE = 32


def corrupted_pictures(pictures: int = 5, conditions: int = 4) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (pictures, conditions, SIDE, SIDE, 3), dtype=np.uint8)


def random_model(**recipe: object) -> Model:
    torch.manual_seed(5)
    return model_of("cifake", SIDE, CLASSES, **recipe)


@pytest.mark.parametrize("recipe", [{}, {"scaling": "imagenet"}])
def test_scores_of_each_condition_equal_those_of_inference_on_the_same_pictures(recipe: dict, tmp_path):
    np.save(tmp_path / "corrupted.npy", corrupted_pictures())
    corrupted = np.load(tmp_path / "corrupted.npy", mmap_mode="r")
    whole = scores(random_model(**recipe), corrupted, device="cpu")
    assert (whole.dtype, whole.shape) == (np.float32, (5, 4, 3))
    table = pd.DataFrame({"row": range(5), "image_id": list("abcde"), "partition": "test", "label": "ai"})
    for condition in range(4):
        probabilities, _ = infer(random_model(**recipe), np.asarray(corrupted[:, condition]), table, device="cpu")
        np.testing.assert_allclose(whole[:, condition], probabilities[[f"p_{name}" for name in CLASSES]], atol=1e-6)


def test_scores_are_reproducible_and_the_batch_size_changes_only_rounding(monkeypatch: pytest.MonkeyPatch):
    corrupted = corrupted_pictures()
    whole = scores(random_model(), corrupted, device="cpu")
    np.testing.assert_array_equal(scores(random_model(), corrupted, device="cpu"), whole)
    monkeypatch.setattr("brushprint.training.corrupted_inference.batch_of", lambda row: 7)
    np.testing.assert_allclose(scores(random_model(), corrupted, device="cpu"), whole, atol=1e-6)
    np.testing.assert_allclose(whole.sum(2), 1, atol=1e-6)
