"""The benchmarks run, on little; what they print is for people, and no time is asserted."""

import re

from tests.conftest import REPOSITORY, run


def test_features_computed_once_give_the_losses_of_every_epoch() -> None:
    small = ("--pictures", "24", "--pixels", "32", "--epochs", "2")
    said = run(REPOSITORY, "python", "benchmarks/frozen_features.py", *small)
    assert "2 epochs of 24 pictures at 32 pixels" in said
    assert float(re.search(r"greatest difference of a training loss: (\S+)", said)[1]) < 1e-4


def test_the_rates_of_a_recipe_are_a_row_of_a_table() -> None:
    said = run(REPOSITORY, "python", "benchmarks/training_rates.py", "simple-cnn", "--seconds", "0.1")
    assert re.fullmatch(r"\| `simple-cnn` \| 32 \| 90,000 \| 0\.00\d \| [\d,.]+ \| [\d.]+ \| [\d.]+ \|\n", said)


def test_the_rates_of_grad_cam_are_rows_of_a_table() -> None:
    small = ("--pictures", "4", "--pixels", "32", "--batch", "2", "--repeats", "1")
    said = run(REPOSITORY, "python", "benchmarks/gradcam_rates.py", *small)
    rows = re.findall(r"\| `layer\d` \| (.+) \| [\d,]+ \| [\d.]+ \|\n", said)
    assert rows[:5] == rows[5:]
    assert {row.split(",")[0] for row in rows} == {"grad-cam", "brushprint", "forward pass alone"}
