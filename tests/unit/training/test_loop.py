"""Training: learning, the history, the choice of the best epoch, learning rates, losses, and reproducibility."""

import itertools
import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy
from torchvision.models import resnet18

from brushprint.core.errors import UserError
from brushprint.models.build import build
from brushprint.models.files import restore
from brushprint.models.inputs import as_input
from brushprint.models.recipe import Recipe
from brushprint.training.data import Data
from brushprint.training.loop import evaluate
from tests.support.training import (
    RESNET,
    SIDE,
    assert_same,
    enlarged,
    learn,
    meaningless,
    planted,
    published_recipes,
    recipe,
    two_phases,
)


def test_a_planted_difference_is_learned(uncut):
    assert uncut[1]["validation_accuracy"].max() >= 0.95


def test_the_history_has_a_row_for_each_epoch_and_one_best_epoch(uncut):
    columns = ["train_loss", "train_accuracy", "validation_loss", "validation_accuracy"]
    assert list(uncut[1].columns) == ["phase", "epoch", "learning_rate", *columns, "best"]
    assert uncut[1]["epoch"].tolist() == [1, 2, 3, 4]
    assert uncut[1]["best"].sum() == 1


def test_two_runs_give_the_same_bits(uncut, tmp_path: Path):
    torch.rand(7)
    np.random.default_rng().random(7)
    assert_same(learn(tmp_path / "checkpoint.pt"), uncut)


def test_another_seed_gives_other_weights(uncut, tmp_path: Path):
    assert not torch.equal(
        learn(tmp_path / "checkpoint.pt", seed=4)[0]["head.logits.bias"], uncut[0]["head.logits.bias"]
    )


def test_the_weights_are_those_of_the_epoch_with_the_lowest_validation_loss(tmp_path: Path):
    validation = meaningless(20, seed=6)
    weights, history = learn(tmp_path / "checkpoint.pt", meaningless(40, seed=5), validation, recipe=recipe(epochs=6))
    best = history.loc[history["best"]].squeeze()
    assert best["validation_loss"] == history["validation_loss"].min()
    assert best["epoch"] < 6
    network = build("cifake", 2, SIDE)
    network.load_state_dict(weights)
    inputs = ((as_input(pictures), targets) for pictures, targets in validation.batches(8))
    judged = evaluate(network.eval(), cross_entropy, inputs)
    assert judged == (best["validation_loss"], best["validation_accuracy"])


def test_training_stops_when_patience_runs_out(tmp_path: Path):
    hopeless = {"data": meaningless(40, seed=5), "validation": meaningless(20, seed=6)}
    _, history = learn(tmp_path / "checkpoint.pt", **hopeless, recipe=recipe(epochs=20, patience=2))
    best = history.loc[history["best"], "epoch"].item()
    assert len(history) == best + 2 < 20


def test_training_pictures_of_a_single_class_are_refused(tmp_path: Path):
    data = planted(40, seed=1)
    data.targets[:] = 1
    with pytest.raises(UserError, match=r"all training pictures are 'dark'; correct collection\.labels"):
        learn(tmp_path / "checkpoint.pt", data=data)


@pytest.mark.parametrize(("part", "purpose"), [("data", "training"), ("validation", "validation")])
def test_a_partition_without_pictures_is_refused(part: str, purpose: str, tmp_path: Path):
    data = {"data": planted(8, seed=1), "validation": planted(8, seed=2)}
    data[part].rows = data[part].targets = np.array([], dtype=np.int64)
    with pytest.raises(UserError, match=f"no {purpose} picture has a class"):
        learn(tmp_path / "checkpoint.pt", **data)


def test_a_loss_that_is_not_finite_is_reported_and_no_checkpoint_is_written(tmp_path: Path):
    with pytest.raises(UserError, match="the loss is not finite in epoch 1; lower learning_rate"):
        learn(tmp_path / "checkpoint.pt", recipe=recipe(learning_rate=1e30))
    assert not (tmp_path / "checkpoint.pt").exists()


def test_progress_is_a_few_whole_log_lines_and_nothing_else(tmp_path: Path, caplog, capsys):
    caplog.set_level(logging.INFO)
    learn(tmp_path / "checkpoint.pt")
    lines = [record.getMessage() for record in caplog.records if record.name == "brushprint"]
    assert 1 <= len(lines) <= 4
    assert all("\r" not in line and line.startswith("test") for line in lines)
    assert capsys.readouterr() == ("", "")


def test_the_second_phase_continues_at_its_own_learning_rate(tuned):
    history = tuned[1]
    assert history["phase"].tolist() == [1, 1, 2, 2, 2]
    assert history["epoch"].tolist() == [1, 2, 3, 4, 5]
    assert history["learning_rate"].tolist() == [0.003, 0.003, 0.0005, 0.0005, 0.0005]
    assert history["best"].sum() == 1


def test_patience_ends_a_phase_and_the_next_begins_from_the_best_weights(tmp_path: Path):
    hopeless = [enlarged(meaningless(20, seed)) for seed in (5, 6)]
    _, history = learn(tmp_path / "c.pt", *hopeless, recipe=two_phases(epochs=30, patience=1, learning_rate=0.1))
    first = history[history["phase"] == 1]
    assert len(first) < 30
    assert first["validation_loss"].iloc[-1] > first["validation_loss"].min()
    assert (history["phase"] == 2).sum() >= 1
    # One epoch at a negligible learning rate leaves the loss of the best weights unchanged.
    small = {"epochs": 1, "learning_rate": 1e-9, "trainable_layers": ["fc"]}
    weak = two_phases(epochs=30, patience=1, learning_rate=0.1, fine_tuning=small)
    _, history = learn(tmp_path / "weak.pt", *hopeless, recipe=weak)
    assert history["validation_loss"].iloc[-1] == pytest.approx(first["validation_loss"].min(), abs=1e-5)


def planned_rates(recipe: Recipe) -> list[list[float]]:
    """The learning rate of each epoch, for each phase."""
    return [[phase.learning_rate * recipe.lr_decay**turn for turn in range(phase.epochs)] for phase in recipe.phases()]


def test_published_recipes_have_the_published_learning_rates():
    rates = {name: planned_rates(recipe) for name, recipe in published_recipes().items()}
    assert rates["tapering-cnn"] == [[0.001] * 50]
    assert rates["resnet50-finetuned"] == rates["efficientnet-b0"] == [[0.001] * 20, [0.00001] * 10]
    assert rates["conv3"] == [[0.005] * 20]
    assert (rates["cifake-32"], rates["cifake-128"]) == ([[0.001] * 15], [[0.001] * 10])
    for name in ("simple-cnn", "resnet18-frozen", "resnet18-aggressive", "resnet18-augmented", "resnet18-224"):
        assert rates[name] == [pytest.approx([0.001 * 0.9**turn for turn in range(10)])]


def test_the_learning_rate_falls_by_lr_decay_after_each_epoch_of_a_phase(tmp_path: Path):
    """The rates equal the recipe's own arithmetic to the bit."""
    falling = two_phases(optimizer="sgd", momentum=0.9, learning_rate=0.013, lr_decay=0.93, epochs=3)
    _, history = learn(tmp_path / "c.pt", enlarged(planted(12, 1)), enlarged(planted(12, 2)), recipe=falling)
    assert history["learning_rate"].tolist() == [rate for rates in planned_rates(falling) for rate in rates]
    assert history["learning_rate"].nunique() == 6


def test_sgd_equals_torch_s_with_nesterov_momentum_and_weight_decay(tmp_path: Path):
    """The test compares the weights with those of its own loop over the same batches."""
    decaying = recipe(optimizer="sgd", momentum=0.9, weight_decay=0.01, learning_rate=0.02, lr_decay=0.9, epochs=2)
    data = planted(40, 1)
    weights, _ = learn(tmp_path / "c.pt", data, data, recipe=decaying)
    torch.manual_seed(3)
    network = build("cifake", 2, SIDE)
    optimizer = torch.optim.SGD(network.parameters(), 0.02, momentum=0.9, nesterov=True, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
    for epoch in (1, 2):
        order = np.random.default_rng([3, epoch]).permutation(40)
        for pictures, targets in data.batches(8, order):
            optimizer.zero_grad()
            cross_entropy(network(as_input(pictures)), targets).backward()
            optimizer.step()
        schedule.step()
    for name, value in network.state_dict().items():
        torch.testing.assert_close(weights[name], value)


def test_balanced_class_weights_give_rare_classes_more_weight_in_the_loss(tmp_path: Path):
    data = planted(40, 1)
    few = Data(data.pixels, *(values[np.r_[0:40:2, 1:9:2]] for values in (data.rows, data.targets)))
    assert np.bincount(few.targets).tolist() == [20, 4]
    torch.manual_seed(3)
    network = build("cifake", 2, SIDE).eval()
    tiny = {"optimizer": "sgd", "learning_rate": 1e-12, "epochs": 1, "batch_size": 24}
    balance = torch.tensor([24 / 2 / 20, 24 / 2 / 4])
    with torch.no_grad():
        logits = network(as_input(torch.from_numpy(few.pixels[few.rows])))
        targets = torch.from_numpy(few.targets)
        expected = {None: cross_entropy(logits, targets), "balanced": cross_entropy(logits, targets, balance)}
    for (weighing, loss), batch in itertools.product(expected.items(), (24, 5, 1)):
        weighted = recipe(**tiny | {"batch_size": batch}, class_weights=weighing)
        _, history = learn(tmp_path / f"{weighing}-{batch}.pt", few, few, recipe=weighted)
        assert history["train_loss"].item() == pytest.approx(loss.item(), rel=1e-5)
        assert history["validation_loss"].item() == pytest.approx(loss.item(), rel=1e-5)


def test_one_logit_is_trained_with_binary_cross_entropy(tmp_path: Path):
    data = planted(40, 1)
    tiny = recipe(loss="binary-cross-entropy", optimizer="sgd", learning_rate=1e-12, epochs=1)
    weights, history = learn(tmp_path / "c.pt", data, data, recipe=tiny)
    assert weights["head.logits.weight"].shape == (1, 64)
    network = build("cifake", 2, SIDE, one_logit=True).eval()
    network.load_state_dict(weights)
    with torch.no_grad():
        logit = network(as_input(torch.from_numpy(data.pixels))).diff(dim=1)[:, 0]
    expected = binary_cross_entropy_with_logits(logit, torch.from_numpy(data.targets).float())
    assert history["validation_loss"].item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_layer_that_does_not_exist_is_reported(tmp_path: Path):
    with pytest.raises(UserError, match="no such layer: 'layer5'; did you mean 'layer"):
        learn(tmp_path / "c.pt", enlarged(planted(8, 1)), recipe=recipe(**RESNET, trainable_layers=["layer5"]))


def test_training_starts_from_the_given_weights(tmp_path: Path):
    torch.manual_seed(9)
    published = resnet18(weights=None).state_dict()
    save_file(published, tmp_path / "weights.safetensors")
    frozen = recipe(**RESNET | {"epochs": 1}, trainable_layers=["fc"])
    data = enlarged(planted(12, 1))
    weights, _ = learn(tmp_path / "c.pt", data, data, recipe=frozen, weights=tmp_path / "weights.safetensors")
    assert all(torch.equal(weights[name], value) for name, value in published.items() if not name.startswith("fc"))


@pytest.mark.parametrize("change", [{"memory_format": "contiguous"}, {"compile": True}], ids=str)
def test_memory_format_and_compilation_do_not_change_the_training(change: dict, tmp_path: Path):
    """The weights also keep their names. Compiling uses a backend without C++, which would take half a minute."""
    exact = recipe(optimizer="sgd", momentum=0.9, learning_rate=0.01)
    _, history = learn(tmp_path / "exact.pt", recipe=exact)
    with torch.compiler.set_stance("default", force_backend="aot_eager"):
        weights, changed_history = learn(tmp_path / "changed.pt", recipe=exact.model_copy(update=change))
    pd.testing.assert_frame_equal(changed_history, history, rtol=1e-4)
    restore(build("cifake", 2, SIDE), weights)
