"""The figures of saliency maps, their regions and their tests, with much data, with little and with none."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from brushprint.figures import saliency, style
from tests.support.drawing import keep_figures, words
from tests.support.labels import MANY
from tests.support.saliency import NOTHING_LEFT, checked, heat, mean_heat, panel_of


def drawn_heatmaps(groups: list[int], panel: str, labels: list[str]) -> Callable[[Path], None]:
    given = panel_of(groups, panel, labels, clustered=panel.startswith("gradcam"))
    return lambda target: saliency.saliency_panel(given, panel, target)


# `test_whole.py` draws each of these.
DRAWINGS = {
    "heatmaps": drawn_heatmaps([3, 3, 1], "gradcam-2d-correct", ["ai", "human"]),
    "heatmaps with long names": drawn_heatmaps([2], "gradcam-full-misclassified", MANY),
    "heatmaps of one picture": drawn_heatmaps([1], "panel-correct", ["ai"]),
    "heatmaps in no clusters": drawn_heatmaps([11], "panel-confident-errors", ["ai", "human"]),
    "no heatmaps": lambda target: saliency.saliency_panel(
        panel_of([2], "panel-correct", ["ai"]), "panel-misclassified", target
    ),
    "regions": lambda target: saliency.heat_by_region(heat(low=0.2), target),
    "regions of few pictures": lambda target: saliency.heat_by_region(heat(2), target),
    "regions without heat": lambda target: saliency.heat_by_region(heat().assign(pictures=0), target),
    "mean maps": lambda target: saliency.mean_heatmaps(
        mean_heat({"outcome": ["correct", "misclassified"], "style": MANY, "full cluster": ["correct 1"]}),
        heat(),
        target,
    ),
    "mean maps of one group": lambda target: saliency.mean_heatmaps(mean_heat({}), heat(), target),
    "mean maps without heat": lambda target: saliency.mean_heatmaps(mean_heat({}, pictures=0), heat(), target),
    "faithfulness": lambda target: saliency.faithfulness_tests(checked(), target),
    "faithfulness of one picture": lambda target: saliency.faithfulness_tests(checked(1), target),
    "faithfulness of maps without heat": lambda target: saliency.faithfulness_tests(
        checked() | {"cascade": NOTHING_LEFT}, target
    ),
    "faithfulness of no picture": lambda target: saliency.faithfulness_tests({"pictures": 0}, target),
}


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    return keep_figures(monkeypatch, saliency, style)


def tiles(heat: np.ndarray, hidden: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    found = saliency._tiles(np.full((12, 12, 3), 100, dtype=np.uint8), heat.astype(np.float32), hidden)
    assert all(tile.shape == (saliency.TILE, saliency.TILE, 3) for tile in found)
    assert (found[0] == 100).all()
    return found


def halves(left: float, right: float) -> np.ndarray:
    return np.repeat([[left, right]], 12, axis=0).repeat(6, axis=1)


def test_a_heatmap_is_bright_where_it_is_high() -> None:
    _, overlay, _ = tiles(halves(0, 1), halves(0, 0))
    left, right = overlay[:, :30], overlay[:, -30:]
    assert left.max() <= 0.4 * 100 + 0.6 * 4 + 1
    assert right.mean() > 2 * left.mean()


def test_an_occlusion_map_distinguishes_both_signs_and_is_pale_where_hiding_changes_nothing() -> None:
    _, _, overlay = tiles(halves(0, 0), halves(0.3, -0.3))
    red, green, blue = overlay[:, :40].mean(axis=(0, 1))
    assert red > green > blue
    red, green, blue = overlay[:, -40:].mean(axis=(0, 1))
    assert blue > red
    _, _, pale = tiles(halves(0, 0), halves(1e-4, -1e-4))
    assert np.ptp(pale.astype(int), axis=2).max() < 10


def test_a_panel_names_the_true_and_the_predicted_class_of_each_of_its_pictures(drawn: list[Figure]) -> None:
    given = panel_of([2, 1], "gradcam-2d-correct", ["ai", "human"])
    saliency.saliency_panel(given, "gradcam-2d-correct", Path("unused.jpg"))
    said = words(drawn[0])
    assert [line for line in said if line.startswith("true")] == [f"true: {given['label'][row]}" for row in (2, 1, 0)]
    confident = [f"predicted: {given['predicted'][row]}, {given['probability'][row]:.0%}" for row in (2, 1, 0)]
    assert [line for line in said if line.startswith("predicted")] == confident
    assert {"cluster 0", "cluster 1", "picture", "Grad-CAM", "occlusion"} <= {*said}


def test_a_panel_without_pictures_says_so(drawn: list[Figure]) -> None:
    for panel, line in {
        "panel-misclassified": "No test picture is misclassified.",
        "panel-confident-errors": "No test picture is misclassified.",
        "gradcam-2d-correct": "No test picture is correct.",
    }.items():
        saliency.saliency_panel(panel_of([2], "other", ["ai"]), panel, Path("unused.jpg"))
        assert words(drawn[-1]) == [line]
