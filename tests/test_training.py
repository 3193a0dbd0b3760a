import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from lightning_fabric import Fabric

from brushprint import networks
from brushprint.errors import UserError
from brushprint.recipe import Recipe
from brushprint.training import Data, class_index, evaluate, train

torch.set_num_threads(1)

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

    def batches(self, size: int, order: np.ndarray | None = None) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        self.left -= 1
        for number, batch in enumerate(super().batches(size, order)):
            if not self.left and number == 2:
                raise KeyboardInterrupt
            yield batch


def learn(checkpoint: Path, data: Data | None = None, validation: Data | None = None, **changes: object):
    arguments = {"seed": 3, "identity": ["these settings"], "recipe": recipe(), "classes": CLASSES} | changes
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
    assert list(uncut[1].columns) == ["epoch", "learning_rate", *columns, "best"]
    assert uncut[1]["epoch"].tolist() == [1, 2, 3, 4]
    assert uncut[1]["best"].sum() == 1


def test_two_runs_give_the_same_bits(uncut, tmp_path: Path):
    torch.rand(7)
    np.random.default_rng().random(7)
    assert_same(learn(tmp_path / "checkpoint.pt"), uncut)


def test_another_seed_gives_other_weights(uncut, tmp_path: Path):
    assert not torch.equal(learn(tmp_path / "checkpoint.pt", seed=4)[0]["logits.bias"], uncut[0]["logits.bias"])


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
    network = networks.build("cifake", 2, SIDE)
    network.load_state_dict(weights)
    judged = evaluate(Fabric(accelerator="cpu", devices=1), network, validation.batches(8))
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


def test_a_class_that_no_training_picture_has_is_told_in_one_line():
    assert class_index(pd.Series(["b", "a"]), ["a", "b"]).tolist() == [1, 0]
    with pytest.raises(UserError, match="no training picture has the class 'c'"):
        class_index(pd.Series(["b", "c"]), ["a", "b"])
