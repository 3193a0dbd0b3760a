"""Pretrained weights are read from a file, and a file without usable weights is refused."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torchvision import models

from brushprint.core.digest import sha256
from brushprint.core.errors import UserError
from brushprint.models import weights
from brushprint.models.build import build
from brushprint.models.files import load_weights
from brushprint.models.layers import find_layers, recorded
from brushprint.models.recipe import Recipe
from brushprint.training.data import Data
from brushprint.training.loop import train
from tests.conftest import REPOSITORY
from tests.support.networks import MOBILENET, SHA256


@pytest.fixture(scope="module")
def imagenet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("imagenet") / "mobilenet_v2.safetensors"
    save_file(weights.read(MOBILENET, SHA256), file)
    return file


def test_a_file_that_torch_saved_is_read_with_its_digest_checked():
    state = weights.read(MOBILENET, SHA256)
    models.mobilenet_v2(weights=None).load_state_dict(state, strict=True)


def test_a_safetensors_file_is_read_too(imagenet: Path):
    assert weights.read(imagenet, sha256(imagenet)).keys() == weights.read(MOBILENET, SHA256).keys()


def test_pretrained_features_equal_those_of_torchvision_s_network(imagenet: Path):
    network = build("torchvision/mobilenet_v2", 2, 96).eval()
    load_weights(network, imagenet, "torchvision/mobilenet_v2")
    published = models.mobilenet_v2(weights=None).eval()
    published.load_state_dict(weights.read(MOBILENET, SHA256))
    inputs = torch.rand(2, 3, 96, 96)
    layer = find_layers(network, "torchvision/mobilenet_v2", 96).penultimate
    with torch.no_grad(), recorded(network, layer) as outputs:
        network(inputs)
        expected = published.features(inputs).mean((2, 3))
    torch.testing.assert_close(outputs[layer], expected, atol=1e-5, rtol=1e-4)


def test_imagenet_weights_are_trained_in_two_phases_and_frozen_layers_keep_them(imagenet: Path, tmp_path: Path):
    side = 64
    recipe = Recipe(
        architecture="torchvision/mobilenet_v2",
        image_size=side,
        resize="bilinear",
        scaling="imagenet",
        pretrained=True,
        loss="binary-cross-entropy",
        epochs=8,
        batch_size=8,
        optimizer="adam",
        learning_rate=0.01,
        patience=3,
        trainable_layers=["classifier"],
        fine_tuning={"epochs": 1, "learning_rate": 0.0001, "trainable_layers": ["features.18", "classifier"]},
        precision="32-true",
    )
    generator = np.random.default_rng(0)
    targets = np.arange(48) % 2
    # Horizontal or vertical stripes, which a pretrained network distinguishes at once.
    waves = 127 + 100 * np.sin(np.arange(side) / generator.uniform(1, 2, (48, 1)) + generator.uniform(0, 6, (48, 1)))
    across = np.broadcast_to(waves[:, :, None, None], (48, side, side, 3))
    pixels = np.where(targets[:, None, None, None] == 0, across, across.swapaxes(1, 2)).astype(np.uint8)
    learned, judged = (Data(pixels, rows, targets[rows]) for rows in np.split(np.arange(48), [24]))
    state, history = train(
        recipe=recipe,
        data=learned,
        validation=judged,
        classes=["across", "along"],
        seed=0,
        device="cpu",
        weights=imagenet,
        checkpoint=tmp_path / "checkpoint.pt",
        identity="imagenet",
        label="imagenet",
    )
    assert history["validation_accuracy"].max() >= 0.95
    published = weights.read(MOBILENET, SHA256)
    kept = {name: torch.equal(state[name], published[name]) for name in state if name.startswith("features")}
    best = history.loc[history["best"], "phase"].item()
    assert all(same for name, same in kept.items() if best == 1 or not name.startswith("features.18"))


@pytest.mark.parametrize("content", [b"", b"no weights", b"PK\x03\x04 truncated"])
@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_a_file_without_weights_is_refused_in_one_line(content: bytes, suffix: str, tmp_path: Path):
    file = tmp_path / f"weights.{suffix}"
    file.write_bytes(content)
    with pytest.raises(UserError, match=r"pretrained.files: .* has no named weights") as caught:
        weights.read(file, hashlib.sha256(content).hexdigest())
    assert "\n" not in str(caught.value)


class Harmful:
    def __reduce__(self) -> tuple:
        return os.mkdir, ("executed",)


@pytest.mark.parametrize("saved", [[1, 2], {"epoch": 3}, {"weights": Harmful()}], ids=["list", "no tensors", "code"])
def test_a_file_with_anything_but_named_tensors_is_refused_and_not_executed(saved: object, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save(saved, "weights.pth")
    with pytest.raises(UserError, match="has no named weights") as caught:
        weights.read(Path("weights.pth"), sha256("weights.pth"))
    assert "\n" not in str(caught.value)
    assert not Path("executed").exists()


def test_a_wrong_digest_and_a_missing_file_are_reported(tmp_path: Path):
    with pytest.raises(UserError, match=f"has the SHA-256 {SHA256}, not {'ab' * 32}; one of them is wrong"):
        weights.read(MOBILENET, "ab" * 32)
    with pytest.raises(UserError, match=r"nowhere\.pth does not exist"):
        weights.read(tmp_path / "nowhere.pth", SHA256)


def test_the_wheel_of_weights_is_only_a_test_dependency() -> None:
    assert "fdet" not in (REPOSITORY / "environment.yml").read_text()
