"""The figure of the audit shows every question, and both states if the pictures are harmonised."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from brushprint.data.shortcut_features import GROUPS
from brushprint.evaluation.shortcut_audit import ALL
from brushprint.figures.shortcut_audit import shortcuts
from brushprint.figures.style import COLOURS
from tests.support.drawing import pixels_of

UNKNOWN = {"value": None, "low": None, "high": None}


def rows(*questions: str, value: float = 0.8) -> list[dict]:
    told = {"value": value, "low": value - 0.05, "high": value + 0.05}
    answer = {"balanced_accuracy": told, "roc_auc": told, "bound": value - 0.1, "reported": value > 0.65, "why": None}
    return [{"question": question, "features": group} | answer for question in questions for group in (*GROUPS, ALL)]


def not_judged(question: str) -> list[dict]:
    answer = {"balanced_accuracy": UNKNOWN, "roc_auc": UNKNOWN, "bound": None, "reported": None}
    why = "only 5 AI pictures differ, and at least 10 are needed"
    return [row | answer | {"why": why} for row in rows(question)]


def audit(rows_before: list[dict], rows_after: list[dict] | None, margin: float, target: Path) -> None:
    """Draw the figure for the pictures as they came, and for the harmonised ones if there are any."""
    harmonised = {"harmonised": rows_after} if rows_after else {}
    shortcuts({"margin": margin, "raw": rows_before, **harmonised}, target)


LONG = [f"a_generator_of_pictures_with_a_long_name_{number} or human" for number in range(11)]

# `test_whole.py` draws each of these.
DRAWINGS = {
    "audit": lambda target: audit(rows("AI or human", "dalle or human"), None, 0.05, target),
    "audit of harmonised pictures": lambda target: audit(rows("AI or human"), rows("AI or human"), 0.05, target),
    "audit of many sources": lambda target: audit(rows(*LONG), rows(*LONG), 0.05, target),
    "audit in part": lambda target: audit(rows("AI or human") + not_judged("one or human"), None, 0.05, target),
    "audit of too few": lambda target: audit(not_judged("AI or human"), None, 0.05, target),
}


def inked(picture: np.ndarray, colour: str) -> int:
    """The number of pixels that are close to a colour."""
    wanted = np.array(to_rgb(colour)) * 255
    return int((np.abs(picture - wanted).max(-1) < 12).sum())


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "audit.png"


def test_both_states_are_drawn_only_if_the_pictures_are_harmonised(target: Path) -> None:
    audit(rows("AI or human"), None, 0.05, target)
    alone = pixels_of(target)
    assert inked(alone, COLOURS[1]) > 500
    assert inked(alone, COLOURS[0]) == 0
    audit(rows("AI or human"), rows("AI or human", value=0.5), 0.05, target)
    assert inked(pixels_of(target), COLOURS[0]) > 500


def test_a_reported_shortcut_is_a_full_dot_and_any_other_feature_an_empty_one(target: Path) -> None:
    inks = []
    for value in (0.64, 0.66):
        audit(rows("AI or human", value=value), None, 0.05, target)
        inks.append(inked(pixels_of(target), COLOURS[1]))
    assert inks[1] > inks[0] + 7 * 10


def test_a_question_that_cannot_be_judged_is_shown_beside_the_others(target: Path) -> None:
    audit(rows("AI or human", "one or human"), None, 0.05, target)
    both = inked(pixels_of(target), COLOURS[1])
    audit(rows("AI or human") + not_judged("one or human"), None, 0.05, target)
    assert inked(pixels_of(target), COLOURS[1]) < 0.6 * both


def test_an_audit_that_could_judge_nothing_is_drawn_as_one_line_of_text(target: Path) -> None:
    audit(not_judged("AI or human"), None, 0.05, target)
    assert pixels_of(target).shape[0] < 100


@pytest.mark.parametrize("sources", [2, 11])
def test_many_sources_with_long_names_stay_on_the_page(target: Path, sources: int) -> None:
    names = ["AI or human", *LONG[:sources]]
    audit(rows(*names), rows(*names), 0.05, target)
    assert pixels_of(target).shape[1] < 1500
