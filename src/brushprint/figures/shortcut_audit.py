"""The figure of the shortcut audit, see `brushprint.evaluation.shortcut_audit`."""

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from brushprint.figures.style import COLOURS, save_figure, say_instead, spaced

# At most so many questions stand beside one another.
_ACROSS = 3
_BEFORE, _AFTER = ("as they came", COLOURS[1]), ("harmonised", COLOURS[0])
# How far above and below the middle of a line both are drawn.
_APART = 0.16

Rows = Sequence[dict[str, Any]]


def audit(rows_before: Rows, rows_after: Rows | None, margin: float, target: Path) -> None:
    """How well each group of cues answers each question, beside chance and the margin from which it counts as found.

    `rows_before` are those of `brushprint.evaluation.shortcut_audit.audit`, and `rows_after` those of the harmonised
    pictures, if they are.
    """
    questions = {row["question"]: row["why"] for row in rows_before}
    if all(questions.values()):
        say_instead(f"Nothing could be audited: {questions['ai or human']}.", target)
        return
    states = [(*_BEFORE, 0, rows_before)]
    if rows_after:
        states = [(*_BEFORE, -_APART, rows_before), (*_AFTER, _APART, rows_after)]
    groups = list(dict.fromkeys(row["cues"] for row in rows_before))
    down = -(-len(questions) // _ACROSS)
    across = -(-len(questions) // down)
    size = (2.9 * across + 1.9, (0.36 * len(groups) + 0.8) * down + 0.8)
    figure, axes = plt.subplots(down, across, figsize=size, squeeze=False, sharex=True, sharey=True)
    for axis in axes.flat[len(questions) :]:
        axis.axis("off")
    for axis, (question, why) in zip(axes.flat, questions.items(), strict=False):
        axis.set_title(fill(spaced(question), 32))
        axis.axvline(0.5, color="#888888", ls=":", zorder=0)
        axis.axvline(0.5 + margin, color="#888888", ls="--", zorder=0)
        if why:
            words = f"not judged:\n{fill(why, 36)}"
            ground = {"facecolor": "white", "edgecolor": "none"}
            axis.text(0.5, 0.5, words, transform=axis.transAxes, ha="center", va="center", fontsize=8, bbox=ground)
        for _, colour, offset, rows in () if why else states:
            _draw(axis, [row for row in rows if row["question"] == question], groups, colour, offset)
        axis.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axis.tick_params(labelbottom=True)
    axes[0, 0].set_yticks(range(len(groups)), groups)
    axes[0, 0].set_ylim(len(groups) - 0.5, -0.5)
    figure.supxlabel("balanced accuracy of telling AI from human pictures by these cues alone", fontsize=10)
    _explain(figure, states, margin)
    save_figure(figure, target)


def _draw(axis: Axes, rows: Rows, groups: list[str], colour: str, offset: float) -> None:
    """A dot with its interval, full where the cues are found, and a mark at the bound that decides it."""
    for row in rows:
        place = groups.index(row["cues"]) + offset
        value, low, high = row["balanced_accuracy"].values()
        axis.plot([low, high], [place, place], color=colour, lw=1.5)
        axis.plot([row["bound"], low], [place, place], color=colour, lw=0.6)
        axis.plot(row["bound"], place, marker="|", ms=5, color=colour)
        axis.plot(value, place, marker="o", ms=5, color=colour, mfc=colour if row["found"] else "white")


def _explain(figure: Any, states: list[tuple], margin: float) -> None:
    drawn = {"color": "#444444", "marker": "o", "ls": ""}
    handles = [Line2D([], [], color=colour, lw=1.5, marker="o", ms=5, label=name) for name, colour, *_ in states]
    handles += [
        Line2D([], [], **drawn, ms=5, label="found"),
        Line2D([], [], **drawn, ms=5, mfc="white", label="not found"),
        Line2D([], [], color="#444444", lw=1.5, label="95 % interval"),
        Line2D([], [], color="#444444", marker="|", ms=5, ls="", label="surely more than"),
        Line2D([], [], color="#888888", ls=":", label="chance"),
        Line2D([], [], color="#888888", ls="--", label=f"chance and {100 * margin:g} points"),
    ]
    figure.legend(handles=handles, loc="outside right upper", fontsize=8)
