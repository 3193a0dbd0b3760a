"""The figures that compare networks: variants with one another, and with variants trained without a generator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from brushprint.figures.declaration import CollectionGroup, draws
from brushprint.figures.style import COLOURS, new_figure, percentages, save_figure, say_instead, spaced

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes


@draws(
    "arms.png",
    title="Unseen generators",
    alt="Dots with intervals for balanced accuracy and misses, with and without a generator in the training set.",
    caption="Performance on the works of a generator if the network was trained with its works, and if it was not.",
    group=CollectionGroup.TRUST,
)
def unseen_generators(arms: Mapping[str, Sequence[Mapping[str, Any]]], target: Path) -> None:
    """Draw balanced accuracy and misses on a generator's works, with and without these works in the training set.

    `arms["unseen"]` has rows as `brushprint.evaluation.arms.unseen` returns them, each with its `variant`.
    """
    # Only the first row of a generator is drawn: the network that was trained on all others.
    first = {(row["variant"], row["source"]): row for row in reversed(arms["unseen"])}
    rows = [row for row in reversed(first.values()) if not row["why"]]
    if not rows:
        few = "There are too few test pictures of every generator that was left out, or too few human ones."
        say_instead(few if arms["unseen"] else "No variant was trained without a generator.", target)
        return
    labels = [f"{row['variant']}, {spaced(row['source'])} (n = {row['pictures']:,})" for row in rows]
    figure = new_figure((7 + 0.08 * max(map(len, labels)), 0.55 * len(rows) + 1.4))
    axes = figure.subplots(1, 2, sharey=True)
    for axis, measure, words in zip(
        axes, ("balanced_accuracy", "misses"), ("Balanced accuracy", "Misses"), strict=True
    ):
        for when, colour, shift in (("seen", COLOURS[0], -0.14), ("unseen", COLOURS[1], 0.14)):
            _dots(axis, [row[when][measure] for row in rows], colour, shift, f"generator {when}")
        axis.set(title=words, xlim=(-0.02, 1.02))
        percentages(axis.xaxis)
    axes[0].axvline(0.5, color="#888888", ls=":", label="guessing")
    axes[0].set_yticks(range(len(rows)), labels, fontsize=9)
    axes[0].set_ylim(len(rows) - 0.5, -0.5)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower right", ncols=3, fontsize=8)
    save_figure(figure, target)


def _dots(axis: Axes, measures: Sequence[Mapping[str, float]], colour: str, shift: float, label: str) -> None:
    value, low, high = (np.array([measure[key] for measure in measures]) for key in ("value", "low", "high"))
    places = np.arange(len(value)) + shift
    axis.errorbar(value, places, xerr=[value - low, high - value], fmt="o", ms=5, color=colour, capsize=2, label=label)


@draws(
    "comparisons.png",
    title="Variants compared",
    alt="A grid of the differences in accuracy between each two variants.",
    caption="Differences in accuracy on the same test pictures, in percentage points. A star marks a significant "
    "difference (McNemar's test with Holm's correction).",
    group=CollectionGroup.TRUST,
)
def accuracy_differences(comparisons: Sequence[Mapping[str, Any]], target: Path) -> None:
    """Draw the differences in accuracy at human or AI between all pairs of variants.

    A cell is the accuracy of the row minus the accuracy of the column, in percentage points. `comparisons` are the rows
    of `brushprint.stats.significance.compare`.
    """
    from matplotlib import colormaps

    from brushprint.stats.bootstrap import LEVEL

    rows = [row for row in comparisons if row["question"] == "human or AI"]
    if not rows:
        say_instead("There is only one variant, so no pair can be compared.", target)
        return
    names = list(dict.fromkeys(name for row in rows for name in (row["first"], row["second"])))
    difference = np.full((len(names), len(names)), np.nan)
    significant = np.zeros(difference.shape, dtype=bool)
    for row in rows:
        first, second = names.index(row["first"]), names.index(row["second"])
        points = 100 * row["difference"]["value"]
        difference[first, second], difference[second, first] = points, -points
        significant[first, second] = significant[second, first] = row["p_corrected"] < 1 - LEVEL
    largest = max(1.0, np.nanmax(np.abs(difference)))
    # The margins are wide enough for names of any length, and `save_figure` cuts off the white part that is left.
    side, margin = 0.62 * len(names), 1 + 0.08 * max(map(len, names))
    width, height = side + margin + 4, side + margin + 1
    figure = new_figure((width, height), layout="none")
    axis = figure.add_axes((margin / width, margin / height, side / width, side / height))
    # The colour map has few steps, because the PNG has only 256 colours, and the smoothed edges of the letters need
    # several on each step.
    axis.imshow(difference, cmap=colormaps["PuOr"].resampled(21), vmin=-largest, vmax=largest)
    axis.set_xticks(range(len(names)), names, rotation=45, ha="right", rotation_mode="anchor", fontsize=8)
    axis.set_yticks(range(len(names)), names, fontsize=8)
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    for first, second in np.argwhere(np.isfinite(difference)).tolist():
        value, starred = float(difference[first, second]), significant[first, second]
        words = f"{round(value):+d}{'*' if starred else ''}"
        ink, weight = "white" if abs(value) > 0.6 * largest else "black", "bold" if starred else "normal"
        axis.text(second, first, words, ha="center", va="center", color=ink, weight=weight)
    axis.set_title("Accuracy of row minus column, in points; *: significant", fontsize=10)
    save_figure(figure, target)
