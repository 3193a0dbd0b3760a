"""Features of an encoder are computed once, streamed to a file, and the same for any number of threads."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

from brushprint.models.encoders import build_encoder
from brushprint.models.inputs import as_input
from brushprint.training.encoding import write_features

RECIPE = {"encoder": "timm/resnet10t", "blocks": [0, 1], "pooling": "mean-std", "image_size": 128, "resize": "crop"}


@pytest.mark.parametrize("leading", [(70,), (5, 14)])
def test_each_picture_has_a_row_of_features_and_the_digest_is_that_of_the_array(tmp_path: Path, leading: tuple) -> None:
    encoder = build_encoder(RECIPE)
    pictures = np.random.default_rng(0).integers(0, 256, (*leading, 128, 128, 3), np.uint8)
    digests = {write_features(encoder, pictures, tmp_path / "x.npy", jobs=jobs, device="cpu") for jobs in (1, 3)}
    features = np.load(tmp_path / "x.npy")
    assert features.dtype == np.float32 and features.shape[:-1] == leading
    assert digests == {hashlib.sha256(features.tobytes()).hexdigest()}
    with torch.no_grad():
        expected = encoder(as_input(torch.from_numpy(pictures.reshape(-1, 128, 128, 3)[-3:]))).numpy()
    np.testing.assert_allclose(features.reshape(70, -1)[-3:], expected, atol=1e-5)
