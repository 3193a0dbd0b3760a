"""The figures that compare variants and unseen generators, with many rows, with few and with none."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from brushprint.evaluation.arms import Answers, unseen
from brushprint.figures import comparison
from brushprint.stats.significance import compare
from tests.support.drawing import keep_figures

LONG = "resnet50_class_weights_of_a_rather_long_name"
NOWHERE = Path("figure.png")


def compared(names: list[str], question: str = "human or AI") -> list[dict[str, Any]]:
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
    is_ai = source != "human"
    called = [np.where(generator.random(len(source)) < skill, is_ai, ~is_ai) for skill in (0.9, 0.7)]
    both = [Answers(is_called * 1.0, is_called) for is_called in called]
    return [{"variant": variant} | unseen(*both, pictures, name, [name], rate=0.05, seed=0) for name in sources]


def arms(rows: list[dict[str, Any]], target: Path) -> None:
    comparison.unseen_generators({"seeds": [], "unseen": rows}, target)


# `test_whole.py` draws each of these.
DRAWINGS = {
    "comparisons": lambda target: comparison.accuracy_differences(compared([*"abcd", "conv3-origin"]), target),
    "two compared": lambda target: comparison.accuracy_differences(compared(["a", LONG]), target),
    "many compared": lambda target: comparison.accuracy_differences(
        compared([f"{LONG}_{n}" for n in range(24)]), target
    ),
    "none compared": lambda target: comparison.accuracy_differences(compared(["a"]), target),
    "arms": lambda target: arms(trained_without("latent_diffusion", "stable_diffusion"), target),
    "one arm": lambda target: arms(trained_without("dalle"), target),
    "many arms": lambda target: arms(
        [row for n in range(12) for row in trained_without("dalle", "imagen", variant=f"{LONG}-{n}")], target
    ),
    "no arms": lambda target: arms([], target),
    "arms of few pictures": lambda target: arms(
        [{"variant": "a", "source": "dalle", "pictures": 3, "human": 50, "why": "few"}], target
    ),
}


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    return keep_figures(monkeypatch, comparison)


def test_a_cell_is_row_minus_column_with_a_star_if_the_difference_is_significant(drawn: list[Figure]) -> None:
    names = ["first", "second", "third", "fourth", "fifth"]
    rows = compared(names)
    comparison.accuracy_differences([*rows, *compared(["other", "task"], "source")], NOWHERE)
    (axis,) = drawn[0].axes
    assert [text.get_text() for text in axis.get_yticklabels()] == names
    found = {(text.get_position()[1], text.get_position()[0]): text.get_text() for text in axis.texts}
    assert len(found) == 20
    for row in rows:
        place = names.index(row["first"]), names.index(row["second"])
        star = "*" if row["p_corrected"] < 0.05 else ""
        points = round(100 * row["difference"]["value"])
        assert found[place] == f"{points:+d}{star}"
        assert found[place[::-1]] == f"{-points:+d}{star}"
    assert 0 < sum("*" in words for words in found.values()) < 20


def test_seen_and_unseen_results_are_drawn_unless_the_generator_has_too_few_pictures(drawn: list[Figure]) -> None:
    rows = trained_without("dalle", "imagen")
    few = {"variant": "a", "source": "few", "pictures": 3, "human": 50, "why": "few"}
    comparison.unseen_generators({"unseen": [rows[0], few, rows[1]]}, NOWHERE)
    axes = drawn[0].axes
    assert [text.get_text() for text in axes[0].get_yticklabels()] == [
        "conv3-origin, dalle (n = 30)",
        "conv3-origin, imagen (n = 30)",
    ]
    for axis, measure in zip(axes, ("balanced_accuracy", "misses"), strict=True):
        for bars, when in zip(axis.containers, ("seen", "unseen"), strict=True):
            assert bars.get_label() == f"generator {when}"
            np.testing.assert_allclose(bars.lines[0].get_xdata(), [row[when][measure]["value"] for row in rows])


def test_a_figure_without_data_gives_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    reasons: list[str] = []
    monkeypatch.setattr(comparison, "say_instead", lambda words, target: reasons.append(words))
    for name in ("none compared", "no arms", "arms of few pictures"):
        DRAWINGS[name](NOWHERE)
    assert reasons == [
        "There is only one variant, so no pair can be compared.",
        "No variant was trained without a generator.",
        "There are too few test pictures of every generator that was left out, or too few human ones.",
    ]
