"""The figures of how far answers can be trusted: drawn of much, of little and of nothing, and saying what they are."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from brushprint.evaluation import calibration, detection
from brushprint.evaluation.arms import Answers, unseen
from brushprint.evaluation.thresholds import strict_threshold
from brushprint.figures import evaluation, style
from brushprint.stats import bootstrap
from brushprint.stats.significance import compare
from tests.support.drawing import check_whole_and_the_same_twice

LONG = "resnet50_class_weights_of_a_rather_long_name"


@pytest.fixture(autouse=True)
def few_resamples():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "RESAMPLES", 50)
        yield


def calibrated(count: int, classes: int = 3, sure: float = 2.0) -> dict[str, Any]:
    """A network that is `sure` times too sure, and its temperature."""
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 2, (count, classes))
    p = calibration.apply(logits, 1)
    labels = (p.cumsum(1) < generator.random((count, 1))).sum(1).clip(0, classes - 1)
    judged = [
        calibration.calibration(calibration.apply(logits * by, 1), labels, np.arange(count), 0) for by in (sure, 1)
    ]
    return {"temperature": sure, "before": judged[0], "after": judged[1]}


def judged(human: int, ai: int, skill: float = 2.0) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Curves and measures of so many pictures."""
    is_ai = np.repeat([False, True], [human, ai])
    score = 1 / (1 + np.exp(-np.random.default_rng(0).normal(skill * (is_ai - 0.5), 1)))
    cuts = {"threshold": 0.5, "strict": strict_threshold(is_ai, score)}
    found = detection.evaluate(is_ai, score, **cuts, groups=np.arange(len(score)), seed=0)
    return detection.curves(is_ai, score), found


def styled(styles: int, sources: tuple[str, ...] = ("human", "latent_diffusion", "stable_diffusion")) -> pd.DataFrame:
    """Each style of each source, some without pictures, and pictures without a style."""
    generator = np.random.default_rng(0)
    names = [f"style_number_{number}" for number in range(styles)] + [None]
    rows = [
        ("human" if source == "human" else "ai", source, style, bool(generator.random() < 0.7))
        for source in sources
        for style in names
        for _ in range(generator.integers(0, 30))
    ]
    return detection.by_style_and_source(pd.DataFrame(rows, columns=["origin", "source", "style", "called_ai"]))


def compared(names: list[str], question: str = "human or ai") -> list[dict[str, Any]]:
    generator = np.random.default_rng(0)
    share = np.linspace(0.6, 0.9, len(names))
    right = {name: pd.Series(generator.random(200) < of) for name, of in zip(names, share, strict=True)}
    return compare(right, pd.Series(range(200)), question, 0)


def trained_without(*sources: str, variant: str = "conv3-origin") -> list[dict[str, Any]]:
    source = np.repeat(["human", *sources], 30)
    pictures = pd.DataFrame(
        {"source": source, "origin": np.where(source == "human", "human", "ai"), "group": range(len(source))}
    )
    generator = np.random.default_rng(0)
    cuts = {"threshold": 0.5, "strict": {"threshold": 0.9, "human": 500, "why": None}}
    is_ai = source != "human"
    both = [Answers(np.where(generator.random(len(source)) < skill, is_ai, ~is_ai) * 1.0, cuts) for skill in (0.9, 0.7)]
    return [{"variant": variant} | unseen(*both, pictures, name, 0) for name in sources]


def arms(rows: list[dict[str, Any]]) -> Callable[[Path], None]:
    return lambda target: evaluation.arms({"seeds": [], "unseen": rows}, target)


DRAWINGS = {
    "reliability": lambda target: evaluation.reliability(calibrated(600), target),
    "reliability of one picture": lambda target: evaluation.reliability(calibrated(1), target),
    "reliability of two classes": lambda target: evaluation.reliability(calibrated(80, 2), target),
    "reliability of nothing": lambda target: evaluation.reliability(calibrated(0), target),
    "detection": lambda target: evaluation.detection(*judged(400, 150), target),
    "detection of few": lambda target: evaluation.detection(*judged(3, 2), target),
    "detection without error": lambda target: evaluation.detection(*judged(200, 200, 30), target),
    "detection of human works": lambda target: evaluation.detection(*judged(40, 0), target),
    "detection of AI works": lambda target: evaluation.detection(*judged(0, 40), target),
    "styles": lambda target: evaluation.styles(styled(9), target),
    "styles of one source": lambda target: evaluation.styles(styled(9, ("human",)), target),
    "one style": lambda target: evaluation.styles(styled(0), target),
    "many styles": lambda target: evaluation.styles(styled(120), target),
    "no styles": lambda target: evaluation.styles(styled(0).head(0), target),
    "comparisons": lambda target: evaluation.comparisons(compared([*"abcd", "conv3-origin"]), target),
    "two compared": lambda target: evaluation.comparisons(compared(["a", LONG]), target),
    "many compared": lambda target: evaluation.comparisons(compared([f"{LONG}_{n}" for n in range(24)]), target),
    "none compared": lambda target: evaluation.comparisons(compared(["a"]), target),
    "arms": arms(trained_without("latent_diffusion", "stable_diffusion")),
    "one arm": arms(trained_without("dalle")),
    "many arms": arms([row for n in range(12) for row in trained_without("dalle", "imagen", variant=f"{LONG}-{n}")]),
    "no arms": arms([]),
    "arms of few pictures": arms([{"variant": "a", "source": "dalle", "pictures": 3, "human": 50, "why": "few"}]),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", DRAWINGS)
def test_a_figure_is_drawn_whole_without_a_warning_and_twice_with_the_same_bytes(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_whole_and_the_same_twice(DRAWINGS[name], tmp_path, monkeypatch)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list:
    """The figures that are drawn, as matplotlib has them before they are written."""
    drawn = []
    monkeypatch.setattr(evaluation, "save_figure", lambda figure, *_, **__: drawn.append(figure))
    yield drawn
    for figure in drawn:
        style.plt.close(figure)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is written in place of a figure."""
    said = []
    monkeypatch.setattr(evaluation, "say_instead", lambda words, target: said.append(words))
    return said


def cells(axis) -> dict[tuple[int, int], str]:
    return {(text.get_position()[1], text.get_position()[0]): text.get_text() for text in axis.texts}


NOWHERE = Path("figure.png")


def test_reliability_shows_accuracy_over_confidence_and_the_pictures_of_each_bin(drawn: list) -> None:
    found = calibrated(600)
    evaluation.reliability(found, NOWHERE)
    axis, counts = drawn[0].axes
    for line, bars, when in zip(axis.lines[1:], counts.containers, ("before", "after"), strict=True):
        bins = found[when]["bins"]
        assert list(line.get_xdata()) == [of["confidence"] for of in bins]
        assert list(line.get_ydata()) == [of["accuracy"]["value"] for of in bins]
        assert [bar.get_height() for bar in bars] == [of["pictures"] for of in bins]
    labels = [text.get_text() for text in axis.get_legend().get_texts()]
    assert labels[1:] == [
        f"as it is: error {found['before']['ece']['value']:.1%}",
        f"temperature 2.00: error {found['after']['ece']['value']:.1%}",
    ]


@pytest.mark.parametrize("levels", [1, 2, 4, 100])
def test_the_areas_below_the_curves_are_those_that_are_told_whatever_ties_there_are(drawn: list, levels: int) -> None:
    generator = np.random.default_rng(0)
    is_ai = generator.random(200) < 0.4
    score = (generator.integers(0, levels, 200) + is_ai) / (levels + 1)
    strict = strict_threshold(is_ai, score)
    found = detection.evaluate(is_ai, score, threshold=0.5, strict=strict, groups=np.arange(200), seed=0)
    evaluation.detection(detection.curves(is_ai, score), found, NOWHERE)
    precision, roc = (axis.lines[0] for axis in drawn[0].axes)
    assert roc.get_drawstyle() == "default"
    assert np.trapezoid(roc.get_ydata(), roc.get_xdata()) == pytest.approx(found["roc_auc"]["value"])
    assert precision.get_drawstyle() == "steps-post"
    steps = -np.diff(precision.get_xdata()) @ precision.get_ydata()[:-1]
    assert steps == pytest.approx(found["average_precision"]["value"])


def test_thresholds_lie_on_the_roc_curve_and_one_that_few_pictures_fixed_is_not_shown(drawn: list) -> None:
    for human, shown in ((400, 2), (60, 1)):
        _, found = curves = judged(human, 100)
        evaluation.detection(*curves, NOWHERE)
        points = drawn[-1].axes[1].lines[2:]
        assert len(points) == shown
        assert points[0].get_xdata() == [found["false_alarms"]["value"]]
        assert points[0].get_ydata() == [1 - found["misses"]["value"]]


def test_styles_have_their_share_and_number_and_many_only_their_colour(drawn: list) -> None:
    table = styled(9)
    evaluation.styles(table, NOWHERE)
    axis = drawn[0].axes[0]
    columns, rows = ([text.get_text() for text in which.get_ticklabels()] for which in (axis.xaxis, axis.yaxis))
    found = {(rows[row], columns[column]): words for (row, column), words in cells(axis).items()}
    assert found == {
        (
            style.spaced(row.style or "without a style"),
            style.spaced(row.source),
        ): f"{row.right:.0%} of {row.pictures}"
        for row in table.itertuples()
    }
    evaluation.styles(styled(120), NOWHERE)
    assert not drawn[1].axes[0].texts


def test_comparisons_are_row_less_column_and_starred_beyond_chance(drawn: list) -> None:
    names = ["first", "second", "third", "fourth", "fifth"]
    rows = compared(names)
    evaluation.comparisons([*rows, *compared(["other", "task"], "source")], NOWHERE)
    (axis,) = drawn[0].axes
    assert [text.get_text() for text in axis.get_yticklabels()] == names
    found = cells(axis)
    assert len(found) == 20
    for row in rows:
        place = names.index(row["first"]), names.index(row["second"])
        star = "*" if row["p_corrected"] < 0.05 else ""
        points = round(100 * row["difference"]["value"])
        assert found[place] == f"{points:+d}{star}"
        assert found[place[::-1]] == f"{-points:+d}{star}"
    assert 0 < sum("*" in words for words in found.values()) < 20


def test_an_arm_stands_beside_its_variant_and_one_with_too_few_pictures_is_left_out(drawn: list) -> None:
    rows = trained_without("dalle", "imagen")
    few = {"variant": "a", "source": "few", "pictures": 3, "human": 50, "why": "few"}
    evaluation.arms({"unseen": [rows[0], few, rows[1]]}, NOWHERE)
    axes = drawn[0].axes
    assert [text.get_text() for text in axes[0].get_yticklabels()] == [
        "conv3-origin, dalle (n = 30)",
        "conv3-origin, imagen (n = 30)",
    ]
    for axis, measure in zip(axes, ("balanced_accuracy", "misses"), strict=True):
        for bars, when in zip(axis.containers, ("seen", "unseen"), strict=True):
            assert bars.get_label() == f"generator {when}"
            np.testing.assert_allclose(bars.lines[0].get_xdata(), [row[when][measure]["value"] for row in rows])


def test_where_there_is_nothing_to_draw_the_reason_is_said(said: list[str]) -> None:
    for name in (
        *("reliability of nothing", "detection of human works", "detection of AI works", "no styles"),
        *("none compared", "no arms", "arms of few pictures"),
    ):
        DRAWINGS[name](NOWHERE)
    assert said == [
        "No test picture, so nothing is known of its confidence.",
        "The test pictures are all human or all AI, so there is nothing to tell apart.",
        "The test pictures are all human or all AI, so there is nothing to tell apart.",
        "No test picture.",
        "One variant has none to be compared with.",
        "No variant was trained without a generator.",
        "There are too few test pictures of every generator that was left out, or too few human ones.",
    ]
