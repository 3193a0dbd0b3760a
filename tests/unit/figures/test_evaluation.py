"""The figures of classes, thresholds, calibration and groups, with much data, with little and with none."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brushprint.evaluation import calibration, detection
from brushprint.evaluation.temperature import apply
from brushprint.figures import evaluation
from brushprint.figures.style import spaced
from tests.support.drawing import keep_figures
from tests.support.labels import MANY, ORIGINS, SOURCES, STYLES


def calibrated(count: int, classes: int = 3, sure: float = 2.0) -> dict[str, Any]:
    """The calibration of a network whose logits are `sure` times too large, before and after temperature scaling."""
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 2, (count, classes))
    p = apply(logits, 1)
    labels = (p.cumsum(1) < generator.random((count, 1))).sum(1).clip(0, classes - 1)
    judged = [calibration.calibration(apply(logits * by, 1), labels, np.arange(count), 0) for by in (sure, 1)]
    return {"temperature": sure, "before": judged[0], "after": judged[1]}


def judged(human: int, ai: int, skill: float = 2.0) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Curves and measures for these numbers of human and AI pictures."""
    is_ai = np.repeat([False, True], [human, ai])
    score = 1 / (1 + np.exp(-np.random.default_rng(0).normal(skill * (is_ai - 0.5), 1)))
    found = detection.evaluate(is_ai, score, called_ai=score > 0.5, groups=np.arange(len(score)), seed=0)
    return detection.curves(is_ai, score), {"detection": found}


def styled(styles: int, sources: tuple[str, ...] = ("human", "latent_diffusion", "stable_diffusion")) -> pd.DataFrame:
    """Results by style and source: some styles have no pictures, and some pictures have no style."""
    generator = np.random.default_rng(0)
    names = [f"style_number_{number}" for number in range(styles)] + [None]
    rows = [
        ("human" if source == "human" else "ai", source, style, bool(generator.random() < 0.7))
        for source in sources
        for style in names
        for _ in range(generator.integers(0, 30))
    ]
    return detection.by_style_and_source(pd.DataFrame(rows, columns=["origin", "source", "style", "called_ai"]))


def counts(classes: int) -> list[list[int]]:
    return np.random.default_rng(0).integers(0, 90, (classes, classes)).tolist()


def confusion(classes: list[str], matrix: list[list[int]], parts: dict[str, list[str]]) -> dict[str, Any]:
    return {"classes": classes, "parts": parts, "test": {"confusion": matrix}}


def drawn_confusion(
    classes: list[str], matrix: list[list[int]] | None = None, **parts: list[str]
) -> Callable[[Path], None]:
    metrics = confusion(classes, matrix or counts(len(classes)), parts)
    return lambda target: evaluation.confusion_matrix(metrics, target)


def roc(names: list[str]) -> pd.DataFrame:
    line = pd.DataFrame({"false_positive_rate": [0, 0.2, 1], "true_positive_rate": [0, 0.8, 1]})
    parts = [line.assign(**{"class": name}) for name in names]
    return pd.concat(parts) if parts else pd.DataFrame(columns=["class", *line.columns])


# `test_whole.py` draws each of these.
DRAWINGS = {
    "confusion of two classes": drawn_confusion(["ai", "human"]),
    "confusion of few classes with long names": drawn_confusion(MANY[:4], origin=["ai", "ai", "human", "human"]),
    "confusion of 5 classes": drawn_confusion(list("abcde")),
    "confusion of 20 classes": drawn_confusion(MANY[:20], origin=["ai", "human"] * 10, style=STYLES * 6 + STYLES[:2]),
    "confusion of 47 classes": drawn_confusion(MANY, origin=ORIGINS, source=SOURCES),
    "confusion without pictures of a class": drawn_confusion(["a", "b"], [[0, 0], [3, 1]]),
    "confusion without pictures of many classes": drawn_confusion(list("abcdef"), np.diag([0, 0, 0, 0, 3, 1]).tolist()),
    "roc of two classes": lambda target: evaluation.roc_curves(roc(["ai"]), target),
    "roc of 47 classes": lambda target: evaluation.roc_curves(roc(MANY), target),
    "roc without classes": lambda target: evaluation.roc_curves(roc([]), target),
    "reliability": lambda target: evaluation.calibration({"calibration": calibrated(600)}, target),
    "reliability of one picture": lambda target: evaluation.calibration({"calibration": calibrated(1)}, target),
    "reliability of two classes": lambda target: evaluation.calibration({"calibration": calibrated(80, 2)}, target),
    "reliability of nothing": lambda target: evaluation.calibration({"calibration": calibrated(0)}, target),
    "detection": lambda target: evaluation.detection_curves(*judged(400, 150), target),
    "detection of few": lambda target: evaluation.detection_curves(*judged(3, 2), target),
    "detection without error": lambda target: evaluation.detection_curves(*judged(200, 200, 30), target),
    "detection of human works": lambda target: evaluation.detection_curves(*judged(40, 0), target),
    "detection of AI works": lambda target: evaluation.detection_curves(*judged(0, 40), target),
    "styles": lambda target: evaluation.accuracy_by_style(styled(9), target),
    "styles of one source": lambda target: evaluation.accuracy_by_style(styled(9, ("human",)), target),
    "one style": lambda target: evaluation.accuracy_by_style(styled(0), target),
    "many styles": lambda target: evaluation.accuracy_by_style(styled(120), target),
    "no styles": lambda target: evaluation.accuracy_by_style(styled(0).head(0), target),
}


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    return keep_figures(monkeypatch, evaluation)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that are written in place of figures."""
    said = []
    monkeypatch.setattr(evaluation, "say_instead", lambda words, target: said.append(words))
    return said


def cells(axis: Axes) -> dict[tuple[int, int], str]:
    return {(text.get_position()[1], text.get_position()[0]): text.get_text() for text in axis.texts}


NOWHERE = Path("figure.png")


def test_reliability_shows_accuracy_over_confidence_and_the_pictures_of_each_bin(drawn: list[Figure]) -> None:
    found = calibrated(600)
    evaluation.calibration({"calibration": found}, NOWHERE)
    axis, counts = drawn[0].axes
    for line, bars, when in zip(axis.lines[1:], counts.containers, ("before", "after"), strict=True):
        bins = found[when]["bins"]
        assert list(line.get_xdata()) == [of["confidence"] for of in bins]
        assert list(line.get_ydata()) == [of["accuracy"]["value"] for of in bins]
        assert [bar.get_height() for bar in bars] == [of["pictures"] for of in bins]
    labels = [text.get_text() for text in axis.get_legend().get_texts()]
    assert labels[1:] == [
        f"before scaling: calibration error {found['before']['ece']['value']:.1%}",
        f"temperature 2.00: calibration error {found['after']['ece']['value']:.1%}",
    ]


@pytest.mark.parametrize("levels", [1, 2, 4, 100])
def test_the_areas_below_the_drawn_curves_equal_the_reported_areas_even_if_scores_are_tied(
    drawn: list[Figure], levels: int
) -> None:
    generator = np.random.default_rng(0)
    is_ai = generator.random(200) < 0.4
    score = (generator.integers(0, levels, 200) + is_ai) / (levels + 1)
    found = detection.evaluate(is_ai, score, called_ai=score > 0.5, groups=np.arange(200), seed=0)
    evaluation.detection_curves(detection.curves(is_ai, score), {"detection": found}, NOWHERE)
    precision, roc = (axis.lines[0] for axis in drawn[0].axes)
    assert roc.get_drawstyle() == "default"
    assert np.trapezoid(roc.get_ydata(), roc.get_xdata()) == pytest.approx(found["roc_auc"]["value"])
    assert precision.get_drawstyle() == "steps-post"
    steps = -np.diff(precision.get_xdata()) @ precision.get_ydata()[:-1]
    assert steps == pytest.approx(found["average_precision"]["value"])


def test_the_threshold_is_a_point_on_the_curves(drawn: list[Figure]) -> None:
    curves, metrics = judged(400, 100)
    found = metrics["detection"]
    evaluation.detection_curves(curves, metrics, NOWHERE)
    [point] = drawn[-1].axes[1].lines[2:]
    assert point.get_xdata() == [found["false_alarms"]["value"]]
    assert point.get_ydata() == [found["recall"]["value"]]


def test_if_no_picture_is_called_ai_the_threshold_has_no_precision(drawn: list[Figure]) -> None:
    is_ai, score = np.arange(40) % 2 == 0, np.linspace(0, 1, 40)
    found = detection.evaluate(is_ai, score, called_ai=np.zeros(40, bool), groups=np.arange(40), seed=0)
    evaluation.detection_curves(detection.curves(is_ai, score), {"detection": found}, NOWHERE)
    precision, roc = drawn[-1].axes
    assert len(precision.lines) == 2
    assert [roc.lines[2].get_xdata(), roc.lines[2].get_ydata()] == [[0], [0]]


def test_cells_of_styles_show_share_and_number_unless_there_are_too_many_styles(drawn: list[Figure]) -> None:
    table = styled(9)
    evaluation.accuracy_by_style(table, NOWHERE)
    axis = drawn[0].axes[0]
    columns, rows = ([text.get_text() for text in which.get_ticklabels()] for which in (axis.xaxis, axis.yaxis))
    found = {(rows[row], columns[column]): words for (row, column), words in cells(axis).items()}
    assert found == {
        (
            spaced(row.style or "without a style"),
            spaced(row.source),
        ): f"{row.right:.0%} of {row.pictures}"
        for row in table.itertuples()
    }
    evaluation.accuracy_by_style(styled(120), NOWHERE)
    assert not drawn[1].axes[0].texts


def test_a_figure_without_data_gives_the_reason(said: list[str]) -> None:
    for name in (*("reliability of nothing", "detection of human works", "detection of AI works", "no styles"),):
        DRAWINGS[name](NOWHERE)
    assert said == [
        "There is no test picture, so calibration cannot be measured.",
        "The test pictures are all human or all AI, so detection cannot be measured.",
        "The test pictures are all human or all AI, so detection cannot be measured.",
        "There is no test picture.",
    ]


def test_many_classes_are_grouped_and_only_large_shares_have_numbers(drawn: list[Figure]) -> None:
    matrix = np.zeros((6, 6), dtype=int)
    matrix[0, :] = [100, 4, 96, 0, 0, 0]
    matrix[3, 5] = 7
    parts = {"origin": ["human", "ai", "human", "ai", "ai", "human"], "style": list("uvwxyz")}
    evaluation.confusion_matrix(confusion(list("abcdef"), matrix.tolist(), parts), NOWHERE)
    (figure,) = drawn
    axis = figure.axes[0]
    rows = [label.get_text() for label in axis.get_yticklabels()]
    assert rows == ["b (0)", "d (7)", "e (0)", "a (200)", "c (0)", "f (0)"]
    assert [label.get_text() for label in axis.get_xticklabels()] == list("bdeacf")
    numbers = {(text.get_position(), text.get_text()) for text in axis.texts if text.get_text().isdigit()}
    assert numbers == {((3, 3), "50"), ((4, 3), "48"), ((5, 1), "100")}
    assert [text.get_text() for text in axis.texts if not text.get_text().isdigit()] == ["ai", "human"]


def test_among_many_curves_only_the_best_the_worst_and_the_average_are_named(drawn: list[Figure]) -> None:
    corner = {"a": 0.9, "b": 0.5, "c": 0.7, "d": 0.6, "e_f": 0.95}
    lines = [
        pd.DataFrame({"class": name, "false_positive_rate": [0, 0.5, 1], "true_positive_rate": [0, height, 1]})
        for name, height in corner.items()
    ]
    evaluation.roc_curves(pd.concat(lines), NOWHERE)
    (figure,) = drawn
    areas = [0.25 + height / 2 for height in corner.values()]
    named = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert named == [
        "each of 5 classes",
        f"best: e f ({max(areas):.3f})",
        f"worst: b ({min(areas):.3f})",
        f"average ({np.mean(areas):.3f})",
    ]
