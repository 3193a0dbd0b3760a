"""Copies of a model, and models of the same architecture with random weights."""

import torch

from brushprint.models.model import copy_of, random_like
from tests.conftest import model_of
from tests.support.networks import pictures


def test_a_copy_can_be_changed_without_changing_the_model():
    model = model_of("cifake", 12, ["ai", "human"])
    before = {name: value.clone() for name, value in model.network.state_dict().items()}
    with torch.no_grad():
        for weight in copy_of(model).network.parameters():
            weight.zero_()
    assert all(torch.equal(before[name], value) for name, value in model.network.state_dict().items())


def test_the_seed_decides_the_weights_of_a_random_model():
    model = model_of("cifake", 12, ["ai", "human"])
    inputs = model.inputs(pictures(2, 12))
    with torch.no_grad():
        one, same, other = (random_like(model, seed).network(inputs) for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert random_like(model, 1).about == model.about
