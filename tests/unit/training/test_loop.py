import itertools
import logging
from collections.abc import Iterator
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
from brushprint.models.inputs import as_input
from brushprint.models.recipe import Recipe
from brushprint.training import loop
from brushprint.training.data import Data, class_index, rows_of
from brushprint.training.frozen import freeze, set_training_mode
from brushprint.training.loop import evaluate, train
from tests.workflow.test_repository import settings

SIDE = 16
CLASSES = ["bright", "dark"]


def recipe(**changes: object) -> Recipe:
    settings = {
        "architecture": "cifake",
        "image_size": SIDE,
        "resize": "nearest",
        "epochs": 4,
        "batch_size": 8,
        "optimizer": "adam",
        "learning_rate": 0.003,
        "patience": None,
        "precision": "32-true",
    }
    return Recipe(**settings | changes)


def planted(count: int, seed: int) -> Data:
    """Noise, bright in class 0 and dark in class 1."""
    targets = np.arange(count, dtype=np.int64) % 2
    noise = np.random.default_rng(seed).integers(0, 140, (count, SIDE, SIDE, 3))
    pixels = (noise + 100 * (1 - targets)[:, None, None, None]).astype(np.uint8)
    return Data(pixels, np.arange(count), targets)


def meaningless(count: int, seed: int) -> Data:
    """Noise with classes that nothing in it tells."""
    generator = np.random.default_rng(seed)
    pixels = generator.integers(0, 256, (count, SIDE, SIDE, 3), dtype=np.uint8)
    return Data(pixels, np.arange(count), generator.permutation(np.arange(count, dtype=np.int64) % 2))


class CutShort(Data):
    """Training pictures whose power fails within an epoch."""

    def __init__(self, data: Data, epoch: int) -> None:
        super().__init__(data.pixels, data.rows, data.targets)
        self.left = epoch

    def batches(self, *arguments: object) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        self.left -= 1
        for number, batch in enumerate(super().batches(*arguments)):
            if not self.left and number == 2:
                raise KeyboardInterrupt
            yield batch


def learn(checkpoint: Path, data: Data | None = None, validation: Data | None = None, **changes: object):
    arguments = {"seed": 3, "identity": ["these settings"], "recipe": recipe(), "classes": CLASSES, "weights": None}
    arguments |= changes
    return train(
        data=planted(40, seed=1) if data is None else data,
        validation=planted(20, seed=2) if validation is None else validation,
        device="cpu",
        checkpoint=checkpoint,
        label="test",
        **arguments,
    )


def assert_same(one: tuple[dict, pd.DataFrame], other: tuple[dict, pd.DataFrame]) -> None:
    pd.testing.assert_frame_equal(one[1], other[1], check_exact=True)
    assert one[0].keys() == other[0].keys()
    assert all(torch.equal(one[0][name], other[0][name]) for name in one[0])


@pytest.fixture(scope="module")
def uncut(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, pd.DataFrame]:
    return learn(tmp_path_factory.mktemp("uncut") / "checkpoint.pt")


def test_a_planted_cue_is_learned(uncut):
    assert uncut[1]["validation_accuracy"].max() >= 0.95


def test_the_history_has_a_row_an_epoch_and_one_best(uncut):
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


@pytest.mark.parametrize("epoch", [1, 2, 4])
def test_a_run_that_was_cut_gives_the_same_bits_when_it_is_resumed(uncut, epoch: int, tmp_path: Path, caplog):
    caplog.set_level(logging.INFO)
    with pytest.raises(KeyboardInterrupt):
        learn(tmp_path / "checkpoint.pt", data=CutShort(planted(40, seed=1), epoch))
    assert_same(learn(tmp_path / "checkpoint.pt"), uncut)
    assert (f"resumed after epoch {epoch - 1}" in caplog.text) == (epoch > 1)


def test_a_network_with_batch_norm_is_resumed_to_the_same_bits(tmp_path: Path):
    data = Data(np.repeat(np.repeat(planted(12, 1).pixels, 2, 1), 2, 2), np.arange(12), planted(12, 1).targets)
    tapering = {"recipe": recipe(architecture="tapering-cnn", image_size=32, epochs=2), "validation": data}
    uncut = learn(tmp_path / "uncut.pt", data=data, **tapering)
    learn(tmp_path / "cut.pt", data=data, **tapering | {"recipe": tapering["recipe"].model_copy(update={"epochs": 1})})
    assert_same(learn(tmp_path / "cut.pt", data=data, **tapering), uncut)


def test_a_finished_run_is_not_trained_again(uncut, tmp_path: Path):
    learn(tmp_path / "checkpoint.pt")
    assert_same(learn(tmp_path / "checkpoint.pt", data=CutShort(planted(40, seed=1), 1)), uncut)


def test_a_checkpoint_of_other_settings_is_ignored(uncut, tmp_path: Path, caplog):
    caplog.set_level(logging.INFO)
    learn(tmp_path / "checkpoint.pt", recipe=recipe(epochs=2), identity=["other settings"], seed=9)
    assert_same(learn(tmp_path / "checkpoint.pt"), uncut)
    assert "a checkpoint of other settings, code or pictures is ignored" in caplog.text


@pytest.mark.parametrize("damage", ["empty", "truncated", "noise", "something else"])
def test_a_damaged_checkpoint_is_ignored_with_a_word(uncut, damage: str, tmp_path: Path, caplog):
    caplog.set_level(logging.INFO)
    checkpoint = tmp_path / "checkpoint.pt"
    learn(checkpoint, recipe=recipe(epochs=1))
    whole = checkpoint.read_bytes()
    checkpoint.write_bytes({"empty": b"", "truncated": whole[: len(whole) // 2]}.get(damage, b"\x07 noise" * 99))
    if damage == "something else":
        torch.save([1, 2, 3], checkpoint)
    assert_same(learn(checkpoint), uncut)
    assert "is damaged" in caplog.text
    assert "Traceback" not in caplog.text


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


def test_training_stops_when_patience_is_at_its_end(tmp_path: Path):
    hopeless = {"data": meaningless(40, seed=5), "validation": meaningless(20, seed=6)}
    _, history = learn(tmp_path / "checkpoint.pt", **hopeless, recipe=recipe(epochs=20, patience=2))
    best = history.loc[history["best"], "epoch"].item()
    assert len(history) == best + 2 < 20


def test_a_run_that_stopped_early_stays_stopped_when_it_is_resumed(tmp_path: Path):
    hopeless = {"data": meaningless(40, seed=5), "validation": meaningless(20, seed=6)}
    patient = recipe(epochs=20, patience=2)
    first = learn(tmp_path / "checkpoint.pt", **hopeless, recipe=patient)
    assert_same(learn(tmp_path / "checkpoint.pt", **hopeless, recipe=patient), first)


def test_one_class_alone_is_told_in_one_line(tmp_path: Path):
    data = planted(40, seed=1)
    data.targets[:] = 1
    with pytest.raises(UserError, match="all training pictures are 'dark'; two classes are needed"):
        learn(tmp_path / "checkpoint.pt", data=data)


@pytest.mark.parametrize(("part", "purpose"), [("data", "train"), ("validation", "validate")])
def test_a_partition_without_pictures_is_told_in_one_line(part: str, purpose: str, tmp_path: Path):
    data = {"data": planted(8, seed=1), "validation": planted(8, seed=2)}
    data[part].rows = data[part].targets = np.array([], dtype=np.int64)
    with pytest.raises(UserError, match=f"no picture to {purpose} on"):
        learn(tmp_path / "checkpoint.pt", **data)


def test_a_loss_that_is_not_finite_is_told_before_it_reaches_the_checkpoint(tmp_path: Path):
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


def test_batches_are_the_rows_in_the_given_order():
    data = Data(np.arange(30).astype(np.uint8).reshape(10, 1, 1, 3), np.array([9, 4, 7]), np.array([1, 0, 1]))
    batches = list(data.batches(2, np.array([2, 0, 1])))
    assert [batch[0][:, 0, 0, 0].tolist() for batch in batches] == [[21, 27], [12]]
    assert [batch[1].tolist() for batch in batches] == [[1, 1], [0]]


def test_copies_lie_behind_the_pictures_in_the_order_of_the_split():
    split = pd.DataFrame({"row": [0, 2, 2, 2, 5, 5], "copy": np.array([0, 0, 1, 2, 0, 1], np.int32)})
    assert rows_of(split, 6).tolist() == [0, 2, 6, 7, 5, 8]
    pixels, copies = (np.arange(*ends, dtype=np.uint8).reshape(-1, 1, 1, 1).repeat(3, 3) for ends in ((6,), (60, 63)))
    data = Data(pixels, rows_of(split, 6), np.arange(6), copies)
    batches = [(pictures[:, 0, 0, 1].tolist(), targets.tolist()) for pictures, targets in data.batches(3)]
    assert batches == [([0, 2, 60], [0, 1, 2]), ([61, 5, 62], [3, 4, 5])]


def test_a_class_that_no_training_picture_has_is_told_in_one_line():
    assert class_index(pd.Series(["b", "a"]), ["a", "b"]).tolist() == [1, 0]
    with pytest.raises(UserError, match="no training picture has the class 'c'"):
        class_index(pd.Series(["b", "c"]), ["a", "b"])


RESNET = {"architecture": "torchvision/resnet18", "image_size": 32, "epochs": 2, "batch_size": 6}


def large(data: Data) -> Data:
    """The same pictures, twice as large."""
    return Data(data.pixels.repeat(2, axis=1).repeat(2, axis=2), data.rows, data.targets)


def published(name: str) -> Recipe:
    return Recipe(**settings()["recipes"][name])


def shared_with(name: str, size: int = 64) -> tuple[torch.nn.Module, Recipe]:
    recipe = published(name)
    return build(recipe.architecture, 2, size, dropout=recipe.dropout), recipe


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
    network, of = shared_with(name)
    for phase, expected in zip(of.phases(), frozen, strict=True):
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


def test_the_second_phase_of_resnet50_learns_the_last_bottleneck_and_the_head():
    network, of = shared_with("resnet50-finetuned")
    freeze(network, of.phases()[1].trainable_layers)
    learning = {name.rpartition(".")[0] for name, weight in network.named_parameters() if weight.requires_grad}
    assert learning == {f"layer4.2.{part}" for part in ("conv1", "bn1", "conv2", "bn2", "conv3", "bn3")} | {"fc.logits"}


def test_what_is_frozen_stays_as_it_was_batch_statistics_included(tmp_path: Path):
    frozen = recipe(**RESNET, trainable_layers=["layer3", "layer4", "fc"])
    weights, _ = learn(tmp_path / "c.pt", large(planted(12, 1)), large(planted(12, 2)), recipe=frozen)
    torch.manual_seed(3)
    fresh = build("torchvision/resnet18", 2, 32).state_dict()
    changed = {name for name in fresh if not torch.equal(fresh[name], weights[name])}
    assert {name for name in fresh if name.startswith(("layer3", "layer4", "fc"))} == changed
    assert "layer3.0.bn1.running_mean" in changed


def two_phases(**changes: object) -> Recipe:
    second = {"epochs": 3, "learning_rate": 0.0005, "trainable_layers": ["layer4.1", "fc"]}
    both = {"trainable_layers": ["fc"], "fine_tuning": second, "loss": "binary-cross-entropy", "dropout": 0.3}
    return recipe(**RESNET | both | changes)


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, pd.DataFrame]:
    checkpoint = tmp_path_factory.mktemp("tuned") / "c.pt"
    return learn(checkpoint, large(planted(18, 1)), large(planted(12, 2)), recipe=two_phases())


def test_the_second_phase_goes_on_from_the_first_at_its_own_rate(tuned):
    history = tuned[1]
    assert history["phase"].tolist() == [1, 1, 2, 2, 2]
    assert history["epoch"].tolist() == [1, 2, 3, 4, 5]
    assert history["learning_rate"].tolist() == [0.003, 0.003, 0.0005, 0.0005, 0.0005]
    assert history["best"].sum() == 1


@pytest.mark.parametrize("epochs", [(1, None), (2, None), (2, 1), (2, 2)])
def test_a_run_that_was_cut_in_either_phase_gives_the_same_bits(tuned, epochs: tuple, tmp_path: Path):
    data, validation = large(planted(18, 1)), large(planted(12, 2))
    whole = two_phases()
    second = whole.fine_tuning.model_copy(update={"epochs": epochs[1]}) if epochs[1] else None
    cut = whole.model_copy(update={"epochs": epochs[0], "fine_tuning": second})
    learn(tmp_path / "c.pt", data, validation, recipe=cut)
    assert_same(learn(tmp_path / "c.pt", data, validation, recipe=whole), tuned)


def test_patience_ends_a_phase_and_the_next_begins_from_the_best_weights(tmp_path: Path):
    hopeless = [large(meaningless(20, seed)) for seed in (5, 6)]
    _, history = learn(tmp_path / "c.pt", *hopeless, recipe=two_phases(epochs=30, patience=1, learning_rate=0.1))
    first = history[history["phase"] == 1]
    assert len(first) < 30
    assert first["validation_loss"].iloc[-1] > first["validation_loss"].min()
    assert (history["phase"] == 2).sum() >= 1
    # One step at a rate of almost nothing leaves the loss of the best weights.
    small = {"epochs": 1, "learning_rate": 1e-9, "trainable_layers": ["fc"]}
    weak = two_phases(epochs=30, patience=1, learning_rate=0.1, fine_tuning=small)
    _, history = learn(tmp_path / "weak.pt", *hopeless, recipe=weak)
    assert history["validation_loss"].iloc[-1] == pytest.approx(first["validation_loss"].min(), abs=1e-5)


@pytest.mark.parametrize("name", ["resnet50-finetuned", "efficientnet-b0", "efficientnet-b0-imagenet"])
def test_the_first_phase_of_source_001_is_the_head_alone(name: str):
    network, of = shared_with(name)
    assert [loop._head_alone(network, phase, of) for phase in of.phases()] == [True, False]


def test_features_of_what_is_frozen_are_computed_once_with_the_same_result(tuned, tmp_path: Path, monkeypatch):
    class Counted(Data):
        passes = 0

        def batches(self, *arguments: object) -> Iterator:
            self.passes += 1
            return super().batches(*arguments)

    data, validation = large(planted(18, 1)), large(planted(12, 2))
    counted = Counted(data.pixels, data.rows, data.targets)
    once = learn(tmp_path / "once.pt", counted, validation, recipe=two_phases(epochs=4, fine_tuning=None))
    assert counted.passes == 1
    monkeypatch.setattr(loop, "_head_alone", lambda *_: False)
    counted.passes = 0
    always = learn(tmp_path / "always.pt", counted, validation, recipe=two_phases(epochs=4, fine_tuning=None))
    assert counted.passes == 4
    pd.testing.assert_frame_equal(once[1], always[1], rtol=1e-4)
    for name, value in once[0].items():
        torch.testing.assert_close(value, always[0][name], rtol=1e-4, atol=1e-5)


def test_augmented_pictures_are_not_the_same_each_epoch_so_their_features_are_not_kept(tmp_path: Path):
    changed = two_phases(epochs=2, fine_tuning=None, augmentation={"horizontal_flip": 0.5})
    data = large(planted(12, 1))
    seen = []

    class Watched(Data):
        def batches(self, *arguments: object) -> Iterator:
            seen.append(len(arguments))
            return super().batches(*arguments)

    learn(tmp_path / "c.pt", Watched(data.pixels, data.rows, data.targets), large(planted(12, 2)), recipe=changed)
    assert len(seen) == 2


def rates_of(name: str) -> list[list[float]]:
    recipe = published(name)
    return [[phase.learning_rate * recipe.lr_decay**turn for turn in range(phase.epochs)] for phase in recipe.phases()]


def test_the_published_schedules():
    rates = {name: rates_of(name) for name in settings()["recipes"]}
    assert rates["tapering-cnn"] == [[0.001] * 50]
    assert rates["resnet50-finetuned"] == rates["efficientnet-b0"] == [[0.001] * 20, [0.00001] * 10]
    assert rates["conv3"] == [[0.005] * 20]
    assert (rates["cifake-32"], rates["cifake-128"]) == ([[0.001] * 15], [[0.001] * 10])
    for name in ("simple-cnn", "resnet18-frozen", "resnet18-aggressive", "resnet18-augmented", "resnet18-224"):
        assert rates[name] == [pytest.approx([0.001 * 0.9**turn for turn in range(10)])]


def test_the_rate_falls_by_the_decay_after_each_epoch(tmp_path: Path):
    falling = recipe(optimizer="sgd", momentum=0.9, learning_rate=0.01, lr_decay=0.5)
    _, history = learn(tmp_path / "c.pt", recipe=falling)
    assert history["learning_rate"].tolist() == [0.01, 0.005, 0.0025, 0.00125]


def test_gradient_descent_is_torch_s_with_nesterov_s_momentum_and_weight_decay(tmp_path: Path):
    """Against a loop of the test's own, over the same batches."""
    of = recipe(optimizer="sgd", momentum=0.9, weight_decay=0.01, learning_rate=0.02, lr_decay=0.9, epochs=2)
    data = planted(40, 1)
    weights, _ = learn(tmp_path / "c.pt", data, data, recipe=of)
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


def test_rare_classes_weigh_more_in_the_loss_that_is_asked_for(tmp_path: Path):
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
        of = recipe(**tiny | {"batch_size": batch}, class_weights=weighing)
        _, history = learn(tmp_path / f"{weighing}-{batch}.pt", few, few, recipe=of)
        assert history["train_loss"].item() == pytest.approx(loss.item(), rel=1e-5)
        assert history["validation_loss"].item() == pytest.approx(loss.item(), rel=1e-5)


def test_one_logit_learns_by_the_binary_cross_entropy(tmp_path: Path):
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


def test_a_layer_that_does_not_exist_is_told_in_one_line(tmp_path: Path):
    with pytest.raises(UserError, match="no such layer: 'layer5'; did you mean 'layer"):
        learn(tmp_path / "c.pt", large(planted(8, 1)), recipe=recipe(**RESNET, trainable_layers=["layer5"]))


def test_training_begins_from_the_weights_that_it_is_given(tmp_path: Path):
    torch.manual_seed(9)
    given = resnet18(weights=None).state_dict()
    save_file(given, tmp_path / "weights.safetensors")
    frozen = recipe(**RESNET | {"epochs": 1}, trainable_layers=["fc"])
    data = large(planted(12, 1))
    weights, _ = learn(tmp_path / "c.pt", data, data, recipe=frozen, weights=tmp_path / "weights.safetensors")
    assert all(torch.equal(weights[name], value) for name, value in given.items() if not name.startswith("fc"))
