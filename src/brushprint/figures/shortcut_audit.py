"""The figure of the shortcut audit; see `brushprint.evaluation.shortcut_audit`."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Any, NamedTuple

from brushprint.figures.declaration import CollectionGroup, draws
from brushprint.figures.style import COLOURS, new_figure, percentages, save_figure, say_instead, spaced

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    Rows = Sequence[Mapping[str, Any]]

# The largest number of questions in a row of charts.
_ACROSS = 3
# The distance of the two states above and below the middle of their line.
_APART = 0.16


class _State(NamedTuple):
    """The pictures as they came, or harmonised: how to draw their dots, and their rows of the audit."""

    name: str
    colour: str
    offset: float
    rows: Rows


@draws(
    "audit.png",
    title="Dataset shortcuts",
    alt="Dots with intervals show the balanced accuracy of each group of shortcut features. Lines mark chance, and "
    "chance plus the margin from which the audit reports a shortcut.",
    caption="Balanced accuracy of small models that see only how the pictures were made and saved: file size, format, "
    "dimensions, compression, colours or frequencies. A network may learn these features in place of the art.",
    group=CollectionGroup.TRUST,
)
def shortcuts(audit: Mapping[str, Any], target: Path) -> None:
    """Draw how well each group of shortcut features answers each question, beside chance and the margin of the audit.

    `audit` has `margin`, `raw`, and `harmonised` if the pictures are harmonised. `raw` and `harmonised` hold the rows
    that `brushprint.evaluation.shortcut_audit.audit` returns.
    """
    margin, raw, harmonised = audit["margin"], audit["raw"], audit.get("harmonised")
    questions = {row["question"]: row["why"] for row in raw}
    if all(questions.values()):
        say_instead(f"Nothing could be audited: {questions['AI or human']}.", target)
        return
    states = [_State("original files", COLOURS[1], -_APART if harmonised else 0, raw)]
    if harmonised:
        states.append(_State("harmonised", COLOURS[0], _APART, harmonised))
    groups = list(dict.fromkeys(row["features"] for row in raw))
    down = -(-len(questions) // _ACROSS)
    across = -(-len(questions) // down)
    figure = new_figure((2.9 * across + 1.9, (0.36 * len(groups) + 0.8) * down + 0.8))
    axes = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True)
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
        for state in () if why else states:
            rows = [row for row in state.rows if row["question"] == question]
            _draw(axis, rows, groups, state.colour, state.offset)
        percentages(axis.xaxis, decimals=0)
        axis.tick_params(labelbottom=True)
    axes[0, 0].set_yticks(range(len(groups)), groups)
    axes[0, 0].set_ylim(len(groups) - 0.5, -0.5)
    label = "balanced accuracy of separating AI from human pictures by these features alone"
    figure.supxlabel(fill(label, 40 * across), fontsize=10)
    _add_legend(figure, states, margin)
    save_figure(figure, target)


def _draw(axis: Axes, rows: Rows, groups: list[str], colour: str, offset: float) -> None:
    """Draw a dot with its interval for each row, and a mark at the lower confidence bound.

    The dot is full if the audit reports a shortcut, which depends on the bound.
    """
    for row in rows:
        place = groups.index(row["features"]) + offset
        value, low, high = row["balanced_accuracy"].values()
        axis.plot([low, high], [place, place], color=colour, lw=1.5)
        axis.plot([row["bound"], low], [place, place], color=colour, lw=0.6)
        axis.plot(row["bound"], place, marker="|", ms=5, color=colour)
        axis.plot(value, place, marker="o", ms=5, color=colour, mfc=colour if row["reported"] else "white")


def _add_legend(figure: Figure, states: Sequence[_State], margin: float) -> None:
    from matplotlib.lines import Line2D

    dot: dict[str, Any] = {"color": "#444444", "marker": "o", "ls": ""}
    handles = [Line2D([], [], color=state.colour, lw=1.5, marker="o", ms=5, label=state.name) for state in states]
    handles += [
        Line2D([], [], **dot, ms=5, label="reported"),
        Line2D([], [], **dot, ms=5, mfc="white", label="not reported"),
        Line2D([], [], color="#444444", lw=1.5, label="95 % interval"),
        Line2D([], [], color="#444444", marker="|", ms=5, ls="", label="lower bound"),
        Line2D([], [], color="#888888", ls=":", label="chance"),
        Line2D([], [], color="#888888", ls="--", label=f"chance and {100 * margin:g} points"),
    ]
    figure.legend(handles=handles, loc="outside right upper", fontsize=8)
