"""The figure of the shortcut audit, see `brushprint.audit`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from brushprint.figures import COLOURS, save_figure, say_instead, spaced

_ACROSS = 3
# The state of the pictures, its colour, and how far below the middle of its line a group of cues is drawn.
_BEFORE, _AFTER = ("as they came", COLOURS[1], -0.16), ("harmonised", COLOURS[0], 0.16)

Rows = Sequence[dict[str, Any]]


def audit(rows_before: Rows, rows_after: Rows | None, margin: float, target: Path) -> None:
    """How well each group of cues answers each question, beside chance and the margin from which it counts as found.

    `rows_before` are those of `brushprint.audit.audit`, and `rows_after` those of the harmonised pictures, if they are.
    """
    questions = {row["question"]: row["why"] for row in rows_before}
    if all(questions.values()):
        said = "; ".join(f"{question}: {why}" for question, why in questions.items())
        say_instead(f"Nothing was audited: {spaced(said)}.", target)
        return
    states = [(*_BEFORE, rows_before)] + ([(*_AFTER, rows_after)] if rows_after else [])
    groups = list(dict.fromkeys(row["cues"] for row in rows_before))
    across = min(len(questions), _ACROSS)
    down = -(-len(questions) // across)
    size = (2.9 * across + 1.9, (0.36 * len(groups) + 0.8) * down + 0.8)
    figure, axes = plt.subplots(down, across, figsize=size, squeeze=False, sharex=True, sharey=True)
    for axis in axes.flat[len(questions) :]:
        axis.axis("off")
    for axis, (question, why) in zip(axes.flat, questions.items(), strict=False):
        axis.set_title(spaced(question))
        axis.axvline(0.5, color="#888888", ls=":", zorder=0)
        axis.axvline(0.5 + margin, color="#888888", ls="--", zorder=0)
        if why:
            axis.text(0.5, 0.5, f"not judged:\n{why}", transform=axis.transAxes, ha="center", fontsize=8, wrap=True)
        for _, colour, offset, rows in () if why else states:
            _draw(axis, [row for row in rows if row["question"] == question], groups, colour, offset)
        axis.xaxis.set_major_formatter(PercentFormatter(1))
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
        Line2D([], [], color="#888888", ls="--", label=f"chance and {margin:.0%}"),
    ]
    figure.legend(handles=handles, loc="outside right upper", fontsize=8)
