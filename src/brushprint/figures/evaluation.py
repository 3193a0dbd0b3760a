"""The figures of how far answers can be trusted: confidence, thresholds, groups of pictures, and variants compared."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from brushprint.figures.style import COLOURS, save_figure, say_instead, spaced
from brushprint.stats.bootstrap import LEVEL

# Of more styles than this the rows of a grid have no numbers.
_MOST_ROWS = 40


def reliability(calibration: Mapping[str, Any], target: Path) -> None:
    """Accuracy over confidence before and after the temperature, and how many pictures are so confident.

    `calibration` has `temperature`, and `before` and `after` as `brushprint.evaluation.calibration.calibration` gives
    them.
    """
    if not calibration["before"]["bins"]:
        say_instead("No test picture, so nothing is known of its confidence.", target)
        return
    figure, (axis, counts) = plt.subplots(2, 1, figsize=(5.2, 5.2), sharex=True, height_ratios=(3, 1))
    axis.plot([0, 1], [0, 1], color="#888888", ls=":", label="confidence holds")
    for when, colour, shift in (("before", COLOURS[0], -1), ("after", COLOURS[1], 1)):
        found = calibration[when]
        bins = pd.DataFrame(found["bins"])
        words = "as it is" if when == "before" else f"temperature {calibration['temperature']:.2f}"
        label = f"{words}: error {found['ece']['value']:.1%}"
        value, low, high = (np.array([of[key] for of in bins["accuracy"]]) for key in ("value", "low", "high"))
        ends = [value - low, high - value]
        axis.errorbar(bins["confidence"], value, ends, fmt="o-", ms=4, lw=1, color=colour, label=label)
        width = (bins["to"] - bins["from"]) * 0.4
        middle = (bins["from"] + bins["to"]) / 2 + shift * width / 2
        counts.bar(middle, bins["pictures"], width, color=colour)
    chance = calibration["before"]["ece"]["chance"]["mean"]
    axis.set(ylabel="share right", ylim=(-0.02, 1.02), title=f"Error by chance alone: {chance:.1%}")
    counts.set(xlabel="confidence in the answer", ylabel="pictures", xlim=(-0.02, 1.02))
    counts.yaxis.set_major_locator(MaxNLocator(3, integer=True, min_n_ticks=1))
    for which in (axis.xaxis, axis.yaxis):
        which.set_major_formatter(PercentFormatter(1))
    axis.legend(loc="upper left", fontsize=8)
    save_figure(figure, target)


def detection(curves: pd.DataFrame, found: Mapping[str, Any], target: Path) -> None:
    """Precision over recall and the ROC curve of AI works, with the thresholds that validation pictures chose.

    `curves` and `found` are what `brushprint.evaluation.detection.curves` and `evaluate` give.
    """
    if curves.empty:
        say_instead("The test pictures are all human or all AI, so there is nothing to tell apart.", target)
        return
    figure, axes = plt.subplots(1, 2, figsize=(9, 4))
    kinds = (("precision_recall", "average_precision"), ("roc", "roc_auc"))
    for axis, (kind, area) in zip(axes, kinds, strict=True):
        curve = curves[curves["curve"] == kind]
        x, y = curve["x"].to_numpy(), curve["y"].to_numpy()
        if kind == "roc":
            axis.plot(x, y, color=COLOURS[0])
        else:
            # Average precision takes the precision at a recall for all recalls down to the next one.
            axis.plot(np.append(x, 0), np.append(y, y[-1]), color=COLOURS[0], drawstyle="steps-post")
        axis.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
        for which in (axis.xaxis, axis.yaxis):
            which.set_major_formatter(PercentFormatter(1))
        measure = found[area]
        axis.set_title(f"{spaced(area).capitalize().replace('Roc auc', 'ROC AUC')} {measure['value']:.3f}", fontsize=10)
    share = found["ai"] / found["pictures"]
    axes[0].axhline(share, color="#888888", ls=":", label="guessing")
    axes[1].plot([0, 1], [0, 1], color="#888888", ls=":", label="guessing")
    axes[0].set(xlabel="AI works that are found", ylabel="AI works among those called AI")
    axes[1].set(xlabel="human works called AI", ylabel="AI works that are found")
    at = [("threshold", 1 - found["misses"]["value"], found["false_alarms"]["value"], "o", COLOURS[1])]
    strict = found["recall_at_1"]
    if not strict["why"]:
        at.append(
            ("at most 1 % false alarms", strict["recall"]["value"], strict["false_alarms"]["value"], "D", COLOURS[2])
        )
    for words, recall, alarms, marker, colour in at:
        called = recall * found["ai"] + alarms * found["human"]
        if called:
            axes[0].plot(recall, recall * found["ai"] / called, marker, color=colour, label=words)
        axes[1].plot(alarms, recall, marker, color=colour, label=words)
    axes[1].legend(loc="lower right", fontsize=8)
    save_figure(figure, target)


def styles(table: pd.DataFrame, target: Path) -> None:
    """The share told rightly human or AI, a row a style and a column a source, with how many pictures there are.

    `table` is what `brushprint.evaluation.detection.by_style_and_source` gives.
    """
    if table.empty:
        say_instead("No test picture.", target)
        return
    table = table.assign(style=table["style"].fillna("without a style"))
    share, count = (table.pivot(index="style", columns="source", values=value) for value in ("right", "pictures"))
    many = len(share) > _MOST_ROWS
    height = (0.14 if many else 0.3) * len(share)
    figure, axis = plt.subplots(figsize=(1.25 * share.shape[1] + 3, height + 1.5))
    image = axis.imshow(share, cmap="cividis", vmin=0, vmax=1, aspect="auto")
    axis.set_xticks(range(share.shape[1]), [spaced(name) for name in share.columns], rotation=20, ha="right")
    axis.set_yticks(range(len(share)), [spaced(name) for name in share.index], fontsize=7 if many else 8)
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    for row, column in np.argwhere(np.isfinite(share.to_numpy())) if not many else []:
        value, pictures = share.iloc[row, column], int(count.iloc[row, column])
        ink = "black" if value > 0.55 else "white"
        axis.text(column, row, f"{value:.0%} of {pictures:,}", ha="center", va="center", color=ink, fontsize=8)
    figure.colorbar(image, ax=axis, format=PercentFormatter(1), label="told rightly", aspect=max(8, 5 * height))
    save_figure(figure, target)


def comparisons(rows: Sequence[Mapping[str, Any]], target: Path) -> None:
    """Differences in accuracy of each two variants at the question human or AI, row less column, in points.

    `rows` are those of `brushprint.stats.significance.compare`.
    """
    rows = [row for row in rows if row["question"] == "human or ai"]
    if not rows:
        say_instead("One variant has none to be compared with.", target)
        return
    names = list(dict.fromkeys(name for row in rows for name in (row["first"], row["second"])))
    difference = np.full((len(names), len(names)), np.nan)
    surely = np.zeros(difference.shape, dtype=bool)
    for row in rows:
        first, second = names.index(row["first"]), names.index(row["second"])
        points = 100 * row["difference"]["value"]
        difference[first, second], difference[second, first] = points, -points
        surely[first, second] = surely[second, first] = row["p_corrected"] < 1 - LEVEL
    most = max(1.0, np.nanmax(np.abs(difference)))
    # Wide margins for names of any length; what stays white of them is cut off.
    side, margin = 0.62 * len(names), 1 + 0.08 * max(map(len, names))
    width, height = side + margin + 4, side + margin + 1
    figure = plt.figure(figsize=(width, height), layout="none")
    axis = figure.add_axes((margin / width, margin / height, side / width, side / height))
    # Few colours: the palette of the file has 256 for all, the edges of letters on each of them too.
    axis.imshow(difference, cmap=colormaps["PuOr"].resampled(21), vmin=-most, vmax=most)
    axis.set_xticks(range(len(names)), names, rotation=45, ha="right", rotation_mode="anchor", fontsize=8)
    axis.set_yticks(range(len(names)), names, fontsize=8)
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    for row, column in np.argwhere(np.isfinite(difference)):
        value, sure = difference[row, column], surely[row, column]
        ink = "white" if abs(value) > 0.6 * most else "black"
        weight = "bold" if sure else "normal"
        axis.text(
            column, row, f"{round(value):+d}{'*' if sure else ''}", ha="center", va="center", color=ink, weight=weight
        )
    axis.set_title("Accuracy of row less column, in points; * beyond chance", fontsize=10)
    save_figure(figure, target)


def arms(found: Mapping[str, Sequence[Mapping[str, Any]]], target: Path) -> None:
    """Balanced accuracy on human works and those of a generator, and misses of the latter, where it trains and not.

    `found` has `unseen`, rows as `brushprint.evaluation.arms.unseen` gives them with the `variant`.
    """
    rows = [row for row in found["unseen"] if not row["why"]]
    if not rows:
        few = "There are too few test pictures of every generator that was left out, or too few human ones."
        say_instead(few if found["unseen"] else "No variant was trained without a generator.", target)
        return
    labels = [f"{row['variant']}, {spaced(row['source'])} (n = {row['pictures']:,})" for row in rows]
    size = (7 + 0.08 * max(map(len, labels)), 0.55 * len(rows) + 1.4)
    figure, axes = plt.subplots(1, 2, figsize=size, sharey=True)
    for axis, measure, words in zip(
        axes, ("balanced_accuracy", "misses"), ("Balanced accuracy", "Misses"), strict=True
    ):
        for when, colour, shift in (("seen", COLOURS[0], -0.14), ("unseen", COLOURS[1], 0.14)):
            _dots(axis, [row[when][measure] for row in rows], colour, shift, f"generator {when}")
        axis.set(title=words, xlim=(-0.02, 1.02))
        axis.xaxis.set_major_formatter(PercentFormatter(1))
    axes[0].axvline(0.5, color="#888888", ls=":", label="guessing")
    axes[0].set_yticks(range(len(rows)), labels, fontsize=9)
    axes[0].set_ylim(len(rows) - 0.5, -0.5)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower right", ncols=3, fontsize=8)
    save_figure(figure, target)


def _dots(axis: Axes, measures: Sequence[Mapping[str, float]], colour: str, shift: float, label: str) -> None:
    value, low, high = (np.array([measure[key] for measure in measures]) for key in ("value", "low", "high"))
    places = np.arange(len(value)) + shift
    axis.errorbar(value, places, xerr=[value - low, high - value], fmt="o", ms=5, color=colour, capsize=2, label=label)
