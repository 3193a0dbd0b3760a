"""Frozen layers do not change, and their features are computed only once if only the head is trained."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import torch

from brushprint.models.build import build
from brushprint.models.recipe import Recipe
from brushprint.training import loop
from brushprint.training.data import Data
from brushprint.training.frozen import freeze, head_alone, set_training_mode
from tests.support.training import RESNET, enlarged, learn, planted, published_recipes, recipe, two_phases


def published_network(name: str) -> tuple[torch.nn.Module, Recipe]:
    """The network of a published recipe, for pictures of 64 x 64 pixels, and the recipe."""
    recipe = published_recipes()[name]
    return build(recipe.architecture, 2, 64, dropout=recipe.dropout), recipe


@pytest.mark.parametrize(
    ("name", "frozen"),
    [
        ("resnet18-frozen", [{"conv1", "bn1", "layer1", "layer2"}]),
        ("resnet18-aggressive", [set()]),
        ("resnet18-augmented", [set()]),
        ("resnet18-224", [set()]),
        (
            "resnet50-finetuned",
            [{"conv1", "bn1", "layer1", "layer2", "layer3", "layer4"}, {"conv1", "bn1", "layer1", "layer2", "layer3"}],
        ),
        ("efficientnet-b0", [{"features"}, set()]),
        ("tapering-cnn", [set()]),
        ("simple-cnn", [set()]),
        ("conv3", [set()]),
        ("cifake-32", [set()]),
    ],
)
def test_the_published_layers_are_frozen_and_no_others(name: str, frozen: list[set[str]]):
    network, recipe = published_network(name)
    for phase, expected in zip(recipe.phases(), frozen, strict=True):
        freeze(network, phase.trainable_layers)
        set_training_mode(network, phase.trainable_layers)
        still = {
            part
            for part, module in network.named_children()
            if list(module.parameters()) and not any(weight.requires_grad for weight in module.parameters())
        }
        assert still == expected
        for part, module in network.named_modules():
            if own := list(module.parameters(recurse=False)):
                assert {weight.requires_grad for weight in own} == {module.training}, part


def test_the_second_phase_of_resnet50_trains_the_last_bottleneck_and_the_head():
    network, recipe = published_network("resnet50-finetuned")
    freeze(network, recipe.phases()[1].trainable_layers)
    learning = {name.rpartition(".")[0] for name, weight in network.named_parameters() if weight.requires_grad}
    assert learning == {f"layer4.2.{part}" for part in ("conv1", "bn1", "conv2", "bn2", "conv3", "bn3")} | {"fc.logits"}


def test_frozen_layers_keep_their_weights_and_batch_statistics(tmp_path: Path):
    frozen = recipe(**RESNET, trainable_layers=["layer3", "layer4", "fc"])
    weights, _ = learn(tmp_path / "c.pt", enlarged(planted(12, 1)), enlarged(planted(12, 2)), recipe=frozen)
    torch.manual_seed(3)
    fresh = build("torchvision/resnet18", 2, 32).state_dict()
    changed = {name for name in fresh if not torch.equal(fresh[name], weights[name])}
    assert {name for name in fresh if name.startswith(("layer3", "layer4", "fc"))} == changed
    assert "layer3.0.bn1.running_mean" in changed


@pytest.mark.parametrize("name", ["resnet50-finetuned", "efficientnet-b0", "efficientnet-b0-imagenet"])
def test_the_first_phase_of_published_fine_tuning_trains_only_the_head(name: str):
    network, recipe = published_network(name)
    assert [head_alone(network, phase, recipe) for phase in recipe.phases()] == [True, False]


def test_features_of_frozen_layers_are_computed_once_with_the_same_result(tuned, tmp_path: Path, monkeypatch):
    class Counted(Data):
        passes = 0

        def batches(self, *arguments: object) -> Iterator:
            self.passes += 1
            return super().batches(*arguments)

    data, validation = enlarged(planted(18, 1)), enlarged(planted(12, 2))
    counted = Counted(data.pixels, data.rows, data.targets)
    once = learn(tmp_path / "once.pt", counted, validation, recipe=two_phases(epochs=4, fine_tuning=None))
    assert counted.passes == 1
    monkeypatch.setattr(loop, "head_alone", lambda *_: False)
    counted.passes = 0
    always = learn(tmp_path / "always.pt", counted, validation, recipe=two_phases(epochs=4, fine_tuning=None))
    assert counted.passes == 4
    pd.testing.assert_frame_equal(once[1], always[1], rtol=1e-4)
    for name, value in once[0].items():
        torch.testing.assert_close(value, always[0][name], rtol=1e-4, atol=1e-5)


def test_features_of_augmented_pictures_are_computed_in_every_epoch(tmp_path: Path):
    changed = two_phases(epochs=2, fine_tuning=None, augmentation={"horizontal_flip": 0.5})
    data = enlarged(planted(12, 1))
    seen = []

    class Watched(Data):
        def batches(self, *arguments: object) -> Iterator:
            seen.append(len(arguments))
            return super().batches(*arguments)

    learn(tmp_path / "c.pt", Watched(data.pixels, data.rows, data.targets), enlarged(planted(12, 2)), recipe=changed)
    assert len(seen) == 2
