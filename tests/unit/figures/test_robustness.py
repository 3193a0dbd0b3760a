"""The figures of corrupted pictures, with much data, with little and with none, and the values that they show."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from brushprint.data.corruptions import CONDITIONS
from brushprint.evaluation.robustness import rates
from brushprint.figures import robustness
from tests.support.drawing import keep_figures, words

LONG = "resnet50_class_weights_of_a_rather_long_name"


def judged(pictures: int = 40, ai: int = 10, swapped: bool = True) -> pd.DataFrame:
    p_ai = np.random.default_rng(0).random((pictures, len(CONDITIONS)))
    if not swapped:
        p_ai[:, -1] = np.nan
    return rates(p_ai > 0.5, np.isfinite(p_ai), np.arange(pictures) < ai, np.arange(pictures), seed=0)


def perturbed(pictures: int) -> np.ndarray:
    # Each picture has a single colour, because quantising many colours is slow.
    colours = np.random.default_rng(0).integers(0, 256, (pictures, len(CONDITIONS), 1, 1, 3), dtype=np.uint8)
    return np.tile(colours, (1, 1, 8, 8, 1))


def scored(variants: list[str], paths: list[str], value: float | None = None) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    rows = [
        (variant, path, name, severity, np.nan if name == "swap" else value or generator.random(), 0.3)
        for variant in variants
        for path in paths
        for name, severity in CONDITIONS
    ]
    return pd.DataFrame(rows, columns=["variant", "path", "name", "severity", "p_ai", "threshold"])


def thumbnails(paths: list[str]) -> dict[str, np.ndarray]:
    return {path: np.full((12 + number, 30, 3), 90, np.uint8) for number, path in enumerate(paths)}


def drawn_picked(variants: list[str], paths: list[str]) -> Callable[[Path], None]:
    return lambda target: robustness.picked(scored(variants, paths), thumbnails(paths), target)


# `test_whole.py` draws each of these.
DRAWINGS = {
    "examples": lambda target: robustness.changed_pictures(perturbed(7), target),
    "examples of one picture": lambda target: robustness.changed_pictures(perturbed(1), target),
    "no examples": lambda target: robustness.changed_pictures(perturbed(0), target),
    "curves": lambda target: robustness.robustness_curves(judged(), target),
    "curves without a swap": lambda target: robustness.robustness_curves(judged(swapped=False), target),
    "curves of one side": lambda target: robustness.robustness_curves(judged(ai=0), target),
    "grid": lambda target: robustness.robustness_grid([judged(), judged(8, 1)], ["cifake-32", LONG], target),
    "grid without a swap": lambda target: robustness.robustness_grid([judged(swapped=False)], ["a"], target),
    "grid of one side": lambda target: robustness.robustness_grid([judged(ai=0)], ["a"], target),
    "picked": drawn_picked(["cifake-32", "cifake-128"], ["a.jpg", "folder/b.png"]),
    "picked of many": drawn_picked([LONG, *"abcde"], ["x" * 200, *(f"{number}.png" for number in range(20))]),
    "none picked": drawn_picked(["a"], []),
}


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    return keep_figures(monkeypatch, robustness)


def test_the_grid_shows_the_mean_balanced_accuracy_over_the_severities(drawn: list[Figure]) -> None:
    table = judged()
    robustness.robustness_grid([table], ["one"], Path("grid.png"))
    (axis, _) = drawn[0].axes
    cells = [text.get_text() for text in axis.texts]
    balanced = table[table["measure"] == "balanced_accuracy"]
    for place, name in enumerate(("none", *robustness.change_names())):
        assert cells[place] == f"{100 * balanced.loc[balanced['name'] == name, 'value'].mean():.0f}"


def test_a_curve_begins_with_the_unchanged_pictures(drawn: list[Figure]) -> None:
    table = judged()
    robustness.robustness_curves(table, Path("curves.png"))
    clean = table[(table["name"] == "none") & (table["measure"] == "balanced_accuracy")]["value"].item()
    for axis, name in zip(drawn[0].axes, robustness.change_names(), strict=True):
        line = next(line for line in axis.get_lines() if line.get_label().startswith("balanced"))
        severities = [severity for condition, severity in CONDITIONS if condition == name]
        assert list(line.get_xdata()) == [0, *severities]
        assert line.get_ydata()[0] == clean


def test_a_score_above_the_threshold_of_its_variant_has_the_colour_of_ai(
    drawn: list[Figure], monkeypatch: pytest.MonkeyPatch
) -> None:
    canvases = []
    canvas_of = robustness.tile_canvas
    monkeypatch.setattr(robustness, "tile_canvas", lambda *size: canvases.append(canvas_of(*size)) or canvases[-1])
    for value in (0.29, 0.31):
        robustness.picked(scored(["a"], ["p"], value), thumbnails(["p"]), Path("picked.png"))
    reds, blues = ([int(canvas[100, 140, channel]) for canvas, *_ in canvases] for channel in (0, 2))
    assert reds[0] < blues[0]
    assert reds[1] > blues[1]
    assert {"29", "a", "unchanged"} <= set(words(drawn[0]))
    assert robustness.WORDS["swap"] not in words(drawn[0])
