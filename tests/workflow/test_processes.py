"""Several processes train like one, except for the order of sums, and infer exactly the same bits."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from brushprint.core.errors import UserError
from brushprint.models.processes import Processes, run
from brushprint.training.data import Data
from brushprint.training.inference import infer
from tests.conftest import model_of
from tests.support.training import assert_same, enlarged, learn, planted, recipe

TWO = Processes(2)
# There are no random layers. Gradient descent, unlike Adam, does not amplify differences in the last digits.
EXACT = recipe(optimizer="sgd", momentum=0.9, learning_rate=0.01)
CHANCE = recipe(dropout=0.4, augmentation={"horizontal_flip": 0.5, "rotation": 20}, epochs=2)
# Two phases: the head alone, whose input features are computed once, then layers with batch norm.
NORMED = recipe(
    architecture="torchvision/resnet18",
    image_size=64,
    optimizer="sgd",
    learning_rate=0.001,
    epochs=1,
    trainable_layers=["fc"],
    fine_tuning={"epochs": 2, "learning_rate": 0.001, "trainable_layers": ["layer4", "fc"]},
)


CASES = {
    "even": {"recipe": EXACT, "data": planted(40, 1), "validation": planted(24, 2)},
    # The last batches have one picture each, so that one of the two processes gets none.
    "uneven": {"recipe": EXACT, "data": planted(41, 1), "validation": planted(17, 2)},
    "resumed": {"recipe": EXACT, "data": planted(41, 1), "validation": planted(17, 2)},
    "weighed": {"recipe": EXACT.model_copy(update={"class_weights": "balanced"}), "data": planted(41, 1)},
    "batch norm": {
        "recipe": NORMED,
        "data": enlarged(enlarged(planted(21, 1))),
        "validation": enlarged(enlarged(planted(9, 2))),
    },
    "chance": {"recipe": CHANCE, "data": planted(41, 1)},
    "bfloat16": {"recipe": EXACT.model_copy(update={"precision": "bf16-mixed"})},
}


def learn_all(folder: Path, names: list[str], processes: Processes) -> list[tuple[dict, pd.DataFrame]]:
    """Train the named cases, all in the same processes."""
    return [learn(folder / f"{name}.pt", **CASES[name], processes=processes) for name in names]


class Killed(Data):
    """Training pictures that kill the second process during the second epoch."""

    epochs = 0

    def batches(self, size: int, order: np.ndarray | None, processes: Processes) -> Iterator:
        self.epochs += 1
        for number, batch in enumerate(super().batches(size, order, processes)):
            if (self.epochs, number, processes.rank) == (2, 2, 1):
                os.kill(os.getpid(), signal.SIGKILL)
            yield batch


@pytest.fixture(scope="module")
def resumable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the checkpoint of the case "resumed", one of whose processes was killed."""
    folder, data = tmp_path_factory.mktemp("two"), CASES["resumed"]["data"]
    killed = CASES["resumed"] | {"data": Killed(data.pixels, data.rows, data.targets)}
    with pytest.raises(UserError, match="one of the processes was killed"):
        run(learn, TWO, folder / "processes", checkpoint=folder / "resumed.pt", **killed)
    return folder


@pytest.fixture(scope="module")
def results(
    resumable: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[tuple[dict, pd.DataFrame], ...]]:
    """The weights and history of each case, trained by one process and by two."""
    one, names = tmp_path_factory.mktemp("one"), list(CASES)
    by_two = run(learn_all, TWO, resumable / "processes", folder=resumable, names=names)[0]
    return dict(zip(names, zip(learn_all(one, names, Processes()), by_two, strict=True), strict=True))


@pytest.mark.xdist_group("processes")
@pytest.mark.parametrize("case", ["even", "uneven", "weighed", "batch norm"])
def test_two_processes_reach_the_same_metrics_as_one(results, case: str):
    (weights, history), (of_two, history_of_two) = results[case]
    pd.testing.assert_frame_equal(history, history_of_two, rtol=1e-3 if case == "batch norm" else 1e-5)
    for column in ("train_accuracy", "validation_accuracy"):
        # Each picture counts once.
        np.testing.assert_allclose(history[column], history_of_two[column], rtol=1e-12)
    assert weights.keys() == of_two.keys()
    for name, value in weights.items():
        torch.testing.assert_close(value, of_two[name], rtol=1e-3, atol=1e-4)


@pytest.mark.xdist_group("processes")
@pytest.mark.parametrize("case", ["chance", "bfloat16"])
def test_losses_are_close_if_random_draws_or_rounding_differ(results, case: str):
    one, two = (history for _, history in results[case])
    for column in ("train_loss", "validation_loss"):
        np.testing.assert_allclose(one[column], two[column], rtol=0.3 if case == "chance" else 0.02)


@pytest.mark.xdist_group("processes")
def test_a_run_whose_process_was_killed_gives_the_same_bits_when_it_is_resumed(results):
    assert_same(results["resumed"][1], results["uneven"][1])


@pytest.mark.xdist_group("processes")
def test_two_processes_infer_the_same_bits_as_one(tmp_path: Path) -> None:
    """70 pictures of 128 pixels a side, in batches of 32, are three batches, the last of six pictures."""
    generator = np.random.default_rng(0)
    np.save(tmp_path / "pixels.npy", generator.integers(0, 256, (140, 128, 128, 3), dtype=np.uint8))
    rows = generator.permutation(140)[:70]
    table = {"row": rows, "image_id": [f"id{row}" for row in rows], "partition": "test"}
    table = pd.DataFrame(table | {"label": generator.choice(["ai", "human"], 70)}, index=rows)
    torch.manual_seed(5)
    model = model_of("cifake", 128, ["ai", "human"])
    mapped = np.load(tmp_path / "pixels.npy", mmap_mode="r")
    one = infer(model, mapped, table, device="cpu")
    two = infer(model, mapped, table, device="cpu", processes=TWO, folder=tmp_path / "processes")
    pd.testing.assert_frame_equal(one[0], two[0], check_exact=True)
    assert one[1].equals(two[1])
