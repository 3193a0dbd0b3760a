"""The learning curves of one phase, of two phases, and of a changing learning rate."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from brushprint.figures import training
from brushprint.figures.style import COLOURS
from tests.support.drawing import keep_figures, words


def history(epochs: int, head: int = 0, decay: float = 1) -> pd.DataFrame:
    """A training history; if `head` is above 0, that many epochs of a first phase train the head alone."""
    epoch = np.arange(1, epochs + 1)
    table = pd.DataFrame({"phase": np.where(epoch > head, 1 + (head > 0), 1), "epoch": epoch, "best": epoch == epochs})
    table["learning_rate"] = np.where(epoch > head, 1e-5 if head else 1e-3, 1e-3) * decay**epoch
    for part in ("train", "validation"):
        table[f"{part}_loss"], table[f"{part}_accuracy"] = 1 / epoch, 1 - 0.5 / epoch
    return table


# `test_whole.py` draws each of these.
DRAWINGS = {
    "learning curves": lambda target: training.learning_curves(history(6), target),
    "learning curves of one epoch": lambda target: training.learning_curves(history(1), target),
    "learning curves of two phases": lambda target: training.learning_curves(history(6, head=2), target),
    "learning curves of a falling rate": lambda target: training.learning_curves(history(6, decay=0.9), target),
    "learning curves of a head alone": lambda target: training.learning_curves(history(2, head=2), target),
    "learning curves of one epoch a phase": lambda target: training.learning_curves(history(2, head=1), target),
}


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    return keep_figures(monkeypatch, training)


@pytest.mark.parametrize(
    ("table", "charts", "named"),
    [
        (history(6), 2, False),
        (history(6, decay=0.9), 3, False),
        (history(6, head=2), 3, True),
        (history(2, head=2), 2, False),
    ],
)
def test_the_curves_name_both_phases_and_show_a_changing_learning_rate(
    drawn: list[Figure], table: pd.DataFrame, charts: int, named: bool
) -> None:
    training.learning_curves(table, Path("unused.png"))
    (figure,) = drawn
    assert len(figure.axes) == charts
    assert words(figure).count("first phase") == words(figure).count("fine-tuning") == charts * named
    assert {axis.get_title(loc="left") for axis in figure.axes} >= {"Loss", "Accuracy"}


def test_the_palette_of_a_chart_keeps_white_and_its_colours(tmp_path: Path) -> None:
    DRAWINGS["learning curves"](tmp_path / "chart.png")
    with Image.open(tmp_path / "chart.png") as image:
        assert image.mode == "P"
        colours = {colour: count for count, colour in image.convert("RGB").getcolors(10**6)}
    assert max(colours, key=colours.get) == (255, 255, 255)
    near = to_rgb(COLOURS[0])
    assert min(np.abs(np.array(colour) / 255 - near).max() for colour in colours) < 0.03
