"""An interrupted training that is resumed gives the same bits as an uninterrupted one."""

import logging
from pathlib import Path

import numpy as np
import pytest
import torch

from brushprint.training.data import Data
from tests.support.training import CutShort, assert_same, enlarged, learn, meaningless, planted, recipe, two_phases


@pytest.mark.parametrize("epoch", [1, 2, 4])
def test_a_resumed_training_gives_the_same_bits_as_an_uninterrupted_one(uncut, epoch: int, tmp_path: Path, caplog):
    caplog.set_level(logging.INFO)
    with pytest.raises(KeyboardInterrupt):
        learn(tmp_path / "checkpoint.pt", data=CutShort(planted(40, seed=1), epoch))
    assert_same(learn(tmp_path / "checkpoint.pt"), uncut)
    assert (f"resumed after epoch {epoch - 1}" in caplog.text) == (epoch > 1)


@pytest.mark.parametrize("epochs", [(1, None), (2, None), (2, 1), (2, 2)])
def test_a_training_resumed_in_either_phase_gives_the_same_bits(tuned, epochs: tuple, tmp_path: Path):
    data, validation = enlarged(planted(18, 1)), enlarged(planted(12, 2))
    whole = two_phases()
    second = whole.fine_tuning.model_copy(update={"epochs": epochs[1]}) if epochs[1] else None
    cut = whole.model_copy(update={"epochs": epochs[0], "fine_tuning": second})
    learn(tmp_path / "c.pt", data, validation, recipe=cut)
    assert_same(learn(tmp_path / "c.pt", data, validation, recipe=whole), tuned)


@pytest.mark.parametrize("optimizer", [{"optimizer": "sgd", "momentum": 0.9}, {"optimizer": "adam"}], ids=str)
def test_a_resumed_training_continues_at_the_learning_rate_of_its_epoch(optimizer: dict, tmp_path: Path):
    falling = recipe(**optimizer, learning_rate=0.013, lr_decay=0.93)
    uncut = learn(tmp_path / "uncut.pt", recipe=falling)
    with pytest.raises(KeyboardInterrupt):
        learn(tmp_path / "cut.pt", data=CutShort(planted(40, seed=1), 3), recipe=falling)
    assert_same(learn(tmp_path / "cut.pt", recipe=falling), uncut)
    assert uncut[1]["learning_rate"].tolist() == [0.013 * 0.93**epoch for epoch in range(4)]


def test_a_resumed_training_with_batch_norm_gives_the_same_bits(tmp_path: Path):
    data = Data(np.repeat(np.repeat(planted(12, 1).pixels, 2, 1), 2, 2), np.arange(12), planted(12, 1).targets)
    tapering = {"recipe": recipe(architecture="tapering-cnn", image_size=32, epochs=2), "validation": data}
    uncut = learn(tmp_path / "uncut.pt", data=data, **tapering)
    learn(tmp_path / "cut.pt", data=data, **tapering | {"recipe": tapering["recipe"].model_copy(update={"epochs": 1})})
    assert_same(learn(tmp_path / "cut.pt", data=data, **tapering), uncut)


def test_a_finished_training_is_not_repeated(uncut, tmp_path: Path):
    learn(tmp_path / "checkpoint.pt")
    assert_same(learn(tmp_path / "checkpoint.pt", data=CutShort(planted(40, seed=1), 1)), uncut)


def test_a_training_that_stopped_early_stays_stopped_when_it_is_resumed(tmp_path: Path):
    hopeless = {"data": meaningless(40, seed=5), "validation": meaningless(20, seed=6)}
    patient = recipe(epochs=20, patience=2)
    first = learn(tmp_path / "checkpoint.pt", **hopeless, recipe=patient)
    assert_same(learn(tmp_path / "checkpoint.pt", **hopeless, recipe=patient), first)


def test_a_checkpoint_of_other_settings_is_ignored(uncut, tmp_path: Path, caplog):
    caplog.set_level(logging.INFO)
    learn(tmp_path / "checkpoint.pt", recipe=recipe(epochs=2), identity=["other settings"], seed=9)
    assert_same(learn(tmp_path / "checkpoint.pt"), uncut)
    assert "ignoring a checkpoint of other settings, code or pictures" in caplog.text


@pytest.mark.parametrize("damage", ["empty", "truncated", "noise", "something else"])
def test_a_damaged_checkpoint_is_ignored_with_a_message(uncut, damage: str, tmp_path: Path, caplog):
    caplog.set_level(logging.INFO)
    checkpoint = tmp_path / "checkpoint.pt"
    learn(checkpoint, recipe=recipe(epochs=1))
    whole = checkpoint.read_bytes()
    checkpoint.write_bytes({"empty": b"", "truncated": whole[: len(whole) // 2]}.get(damage, b"\x07 noise" * 99))
    if damage == "something else":
        torch.save([1, 2, 3], checkpoint)
    assert_same(learn(checkpoint), uncut)
    assert "ignoring the damaged checkpoint" in caplog.text
    assert "Traceback" not in caplog.text
