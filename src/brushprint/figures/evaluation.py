"""The figures of a variant's predictions: classes, thresholds, calibration, and groups of pictures."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from brushprint.figures.declaration import VariantGroup, draws
from brushprint.figures.style import (
    COLOURS,
    colours_of,
    legend_beside,
    new_figure,
    percentages,
    save_figure,
    say_instead,
    spaced,
    whole_numbers,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes

# With more classes than this, figures no longer give every class its own colour and every error a number.
FEW = 4
# In a large confusion matrix, cells with at least this share of their row show a number.
NAMED_SHARE = 0.05
# A grid with more styles than this shows no numbers.
_MOST_ROWS = 40


@draws(
    "confusion.png",
    title="Confusion matrix",
    alt="A grid of counts or shares with one row for each true class and one column for each predicted class.",
    caption="Test pictures by true class (rows) and predicted class (columns); errors lie off the diagonal. Many "
    "classes are grouped by origin and source, and numbers are percentages of a row, from 5 % on.",
    group=VariantGroup.CLASSIFICATION,
)
def confusion_matrix(metrics: Mapping[str, Any], target: Path) -> None:
    """Draw the confusion matrix, with true classes as rows and predicted classes as columns.

    With at most `FEW` classes, cells show counts and shares of the row. With more classes, cells show shares of the row
    only, and the classes are grouped by origin and source.

    `metrics` has `classes`, `test`, whose `confusion` holds the counts, and `parts`, the origin and the source of each
    class if classes have them; see `brushprint.evaluation.metrics.parts_of`.
    """
    classes, counts = metrics["classes"], np.array(metrics["test"]["confusion"])
    if len(classes) <= FEW:
        _few_confused(counts, classes, target)
    else:
        _many_confused(counts, classes, metrics["parts"], target)


def _few_confused(counts: np.ndarray, classes: Sequence[str], target: Path) -> None:
    from matplotlib.ticker import PercentFormatter

    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    longest = max(map(len, classes))
    upright = longest <= 10
    side, names = len(classes), 0.08 * longest
    figure = new_figure((side + names + 2.3, side + (0.2 if upright else names) + 1))
    axis = figure.subplots()
    image = axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axis.set_xticks(range(len(classes)), classes, rotation=0 if upright else 90)
    axis.set_yticks(range(len(classes)), classes)
    axis.set(xlabel="predicted", ylabel="true")
    axis.spines[:].set_visible(False)
    for row, column in np.ndindex(counts.shape):
        if counts[row, column]:
            words = f"{counts[row, column]:,}\n{shares[row, column]:.0%}"
            ink = "white" if shares[row, column] > 0.5 else "black"
            axis.text(column, row, words, ha="center", va="center", color=ink)
    figure.colorbar(image, ax=axis, shrink=0.8, format=PercentFormatter(1), label="share of the true class")
    save_figure(figure, target)


def _many_confused(
    counts: np.ndarray, classes: Sequence[str], parts: Mapping[str, Sequence[str]], target: Path
) -> None:
    """Draw each cell as a share of its row, with a number if the share is at least `NAMED_SHARE`.

    The colours follow the square root of the share, which makes rare errors visible.
    """
    from matplotlib.colors import PowerNorm
    from matplotlib.ticker import PercentFormatter

    groups = list(zip(*(parts[column] for column in ("origin", "source") if column in parts), strict=True))
    groups = groups or [("",)] * len(classes)
    order = sorted(range(len(classes)), key=lambda index: (groups[index], index))
    counts, support = counts[np.ix_(order, order)], counts.sum(1)[order]
    shares = counts / np.maximum(support, 1)[:, None]
    side = min(0.33, 7.6 / len(classes))
    figure = new_figure((side * len(classes) + 3.6, side * len(classes) + 2.7), layout="compressed")
    axis = figure.subplots()
    image = axis.imshow(shares, cmap="Blues", norm=PowerNorm(0.5, 0, 1))
    names = [spaced(classes[index]) for index in order]
    axis.set_xticks(range(len(names)), names, rotation=90, fontsize=8)
    axis.set_yticks(range(len(names)), [f"{name} ({n:,})" for name, n in zip(names, support, strict=True)], fontsize=8)
    axis.tick_params(length=0)
    axis.set(xlabel="predicted", ylabel="true (test pictures)")
    for row, column in np.ndindex(counts.shape):
        if shares[row, column] >= NAMED_SHARE:
            ink = "white" if shares[row, column] > 0.3 else "black"
            words = f"{100 * shares[row, column]:.0f}"
            axis.text(column, row, words, ha="center", va="center_baseline", color=ink, fontsize=7)
    _separate_groups(axis, [groups[index][-1] for index in order])
    figure.colorbar(
        image,
        ax=axis,
        shrink=0.5,
        format=PercentFormatter(1),
        ticks=[0, 0.01, 0.05, 0.2, 0.5, 1],
        label="share of the true class",
    )
    save_figure(figure, target)


def _separate_groups(axis: Axes, groups: Sequence[str]) -> None:
    """Draw lines between the groups of a matrix, and write the name of each group above its columns."""
    starts = [0, *(index for index in range(1, len(groups)) if groups[index] != groups[index - 1]), len(groups)]
    for start, end in pairwise(starts):
        middle = (start + end - 1) / 2
        axis.annotate(
            spaced(groups[start]),
            (middle, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 4),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=8,
            fontweight="bold",
        )
    for start in starts[1:-1]:
        axis.axhline(start - 0.5, color="#444444", lw=0.8)
        axis.axvline(start - 0.5, color="#444444", lw=0.8)


@draws(
    "roc.png",
    title="ROC curve",
    alt="The true positive rate of a class against its false positive rate, beside the diagonal of guessing.",
    caption="Detections against false alarms at every threshold; the dotted diagonal is guessing. With many classes, "
    "only the best, the worst and the average curve have names, each with the area under it.",
    group=VariantGroup.CLASSIFICATION,
)
def roc_curves(roc: pd.DataFrame, target: Path) -> None:
    """Draw the ROC curve of each class against all others, beside the diagonal of guessing.

    With more than `FEW` classes, the curves are thin, and only three have names: the best, the worst and the average of
    the true positive rates at each false positive rate. `roc` has a row for each point, with the columns `class`,
    `false_positive_rate` and `true_positive_rate`.
    """
    names = list(roc["class"].unique())
    lines = {
        name: (part["false_positive_rate"].to_numpy(), part["true_positive_rate"].to_numpy())
        for name, part in roc.groupby("class", sort=False)
    }
    longest = max([len("best:  (0.000)"), *map(len, map(str, names))])
    figure = new_figure((5 + 0.09 * longest, 3.8), layout="compressed")
    axis = figure.subplots()
    axis.plot([0, 1], [0, 1], color="#888888", ls=":", zorder=0)
    if len(names) <= FEW:
        for (name, line), colour in zip(lines.items(), colours_of(names), strict=True):
            axis.plot(*line, color=colour, label=spaced(name))
    else:
        _many_curves(axis, lines)
    axis.set(xlabel="false positive rate", ylabel="true positive rate", aspect="equal")
    percentages(axis.xaxis, axis.yaxis)
    legend_beside(axis, fontsize=9)
    save_figure(figure, target)


def _many_curves(axis: Axes, lines: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> None:
    areas = {
        name: float(np.trapezoid(true_positives, false_positives))
        for name, (false_positives, true_positives) in lines.items()
    }
    grid = np.linspace(0, 1, 501)
    average = np.mean([np.interp(grid, *line) for line in lines.values()], axis=0)
    for line in lines.values():
        axis.plot(*line, color="#BBBBBB", lw=0.6, zorder=1)
    axis.plot([], [], color="#BBBBBB", lw=0.6, label=f"each of {len(lines)} classes")
    for kind, name, colour in (
        ("best", max(areas, key=lambda name: areas[name]), "#009E73"),
        ("worst", min(areas, key=lambda name: areas[name]), "#D55E00"),
    ):
        axis.plot(*lines[name], color=colour, lw=1.2, label=f"{kind}: {spaced(name)} ({areas[name]:.3f})")
    axis.plot(
        np.r_[0, grid], np.r_[0, average], color="#0072B2", lw=2, label=f"average ({np.mean(list(areas.values())):.3f})"
    )


@draws(
    "reliability.png",
    title="Calibration",
    alt="Accuracy against confidence beside the diagonal, before and after temperature scaling, with the number of "
    "pictures below.",
    caption="The share of correct predictions at each level of confidence; on the diagonal, confidence equals "
    "accuracy. Temperature scaling, fitted on the validation pictures, changes the confidence but no prediction.",
    group=VariantGroup.TRUST,
)
def calibration(metrics: Mapping[str, Any], target: Path) -> None:
    """Draw accuracy against confidence before and after temperature scaling, and the number of pictures in each bin.

    `metrics["calibration"]` has `temperature`, and `before` and `after`, which are results of
    `brushprint.evaluation.calibration.calibration`.
    """
    scaling = metrics["calibration"]
    if not scaling["before"]["bins"]:
        say_instead("There is no test picture, so calibration cannot be measured.", target)
        return
    figure = new_figure((5.2, 5.2))
    axis, counts = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    axis.plot([0, 1], [0, 1], color="#888888", ls=":", label="perfect calibration")
    for when, colour, shift in (("before", COLOURS[0], -1), ("after", COLOURS[1], 1)):
        bins, error = scaling[when]["bins"], scaling[when]["ece"]["value"]
        words = "before scaling" if when == "before" else f"temperature {scaling['temperature']:.2f}"
        start, end, confidence, pictures = (
            np.array([part[key] for part in bins]) for key in ("from", "to", "confidence", "pictures")
        )
        value, low, high = (np.array([part["accuracy"][key] for part in bins]) for key in ("value", "low", "high"))
        ends = [value - low, high - value]
        label = f"{words}: calibration error {error:.1%}"
        axis.errorbar(confidence, value, ends, fmt="o-", ms=4, lw=1, color=colour, label=label)
        width = (end - start) * 0.4
        counts.bar((start + end) / 2 + shift * width / 2, pictures, width, color=colour)
    chance = scaling["before"]["ece"]["chance"]["mean"]
    axis.set(ylabel="accuracy", ylim=(-0.02, 1.02), title=f"With perfect calibration: error {chance:.1%}")
    counts.set(xlabel="confidence", ylabel="pictures", xlim=(-0.02, 1.02))
    whole_numbers(counts.yaxis, nbins=3, min_n_ticks=1)
    percentages(axis.xaxis, axis.yaxis)
    axis.legend(loc="upper left", fontsize=8)
    save_figure(figure, target)


@draws(
    "detection.png",
    title="Human or AI",
    alt="A precision-recall curve and an ROC curve for AI works, with a point at the threshold.",
    caption="Detected AI works against false alarms at every threshold. The point is the threshold that other "
    "pictures chose for the rate of false alarms that the settings allow.",
    group=VariantGroup.TRUST,
)
def detection_curves(detection: pd.DataFrame, metrics: Mapping[str, Any], target: Path) -> None:
    """Draw the precision-recall curve and the ROC curve of AI works, and mark the threshold.

    `detection` is the result of `brushprint.evaluation.detection.curves`, and `metrics["detection"]` is the result of
    `brushprint.evaluation.detection.evaluate`.
    """
    if detection.empty:
        say_instead("The test pictures are all human or all AI, so detection cannot be measured.", target)
        return
    measures = metrics["detection"]
    figure = new_figure((9, 4))
    axes = figure.subplots(1, 2)
    kinds = (("precision_recall", "average_precision"), ("roc", "roc_auc"))
    for axis, (kind, area) in zip(axes, kinds, strict=True):
        curve = detection[detection["curve"] == kind]
        x, y = curve["x"].to_numpy(), curve["y"].to_numpy()
        if kind == "roc":
            axis.plot(x, y, color=COLOURS[0])
        else:
            # Draw steps, because average precision uses the precision at a recall for all recalls down to the next one.
            axis.plot(np.append(x, 0), np.append(y, y[-1]), color=COLOURS[0], drawstyle="steps-post")
        axis.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
        percentages(axis.xaxis, axis.yaxis)
        name = spaced(area).capitalize().replace("Roc auc", "ROC AUC")
        axis.set_title(f"{name} {measures[area]['value']:.3f}", fontsize=10)
    human, ai = measures["human"], measures["ai"]
    axes[0].axhline(ai / measures["pictures"], color="#888888", ls=":", label="guessing")
    axes[1].plot([0, 1], [0, 1], color="#888888", ls=":", label="guessing")
    axes[0].set(xlabel="recall (AI works that are detected)", ylabel="precision (AI works among those called AI)")
    axes[1].set(xlabel="false positive rate (human works called AI)", ylabel="recall (AI works that are detected)")
    recall, false_alarms = measures["recall"]["value"], measures["false_alarms"]["value"]
    # If no picture is called AI, there is no precision.
    if called_ai := recall * ai + false_alarms * human:
        axes[0].plot(recall, recall * ai / called_ai, "o", color=COLOURS[1], label="threshold")
    axes[1].plot(false_alarms, recall, "o", color=COLOURS[1], label="threshold")
    axes[1].legend(loc="lower right", fontsize=8)
    save_figure(figure, target)


@draws(
    "styles.png",
    title="By style and source",
    alt="A grid of the share of correct answers, with one row for each style and one column for each source.",
    caption="The share of works of each style and source that are correctly classified as human or AI, and the number "
    "of works.",
    group=VariantGroup.TRUST,
)
def accuracy_by_style(styles: pd.DataFrame, target: Path) -> None:
    """Draw the human-or-AI accuracy for each style (row) and source (column), with the number of works.

    `styles` is the result of `brushprint.evaluation.detection.by_style_and_source`.
    """
    from matplotlib.ticker import PercentFormatter

    if styles.empty:
        say_instead("There is no test picture.", target)
        return
    styles = styles.assign(style=styles["style"].fillna("without a style"))
    share, count = (styles.pivot(index="style", columns="source", values=value) for value in ("right", "pictures"))
    many = len(share) > _MOST_ROWS
    height = (0.14 if many else 0.3) * len(share)
    figure = new_figure((1.25 * share.shape[1] + 3, height + 1.5))
    axis = figure.subplots()
    image = axis.imshow(share, cmap="cividis", vmin=0, vmax=1, aspect="auto")
    axis.set_xticks(range(share.shape[1]), [spaced(name) for name in share.columns], rotation=20, ha="right")
    axis.set_yticks(range(len(share)), [spaced(name) for name in share.index], fontsize=7 if many else 8)
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    for row, column in np.argwhere(np.isfinite(share.to_numpy())) if not many else []:
        value, pictures = share.iloc[row, column], int(count.iloc[row, column])
        ink = "black" if value > 0.55 else "white"
        axis.text(column, row, f"{value:.0%} of {pictures:,}", ha="center", va="center", color=ink, fontsize=8)
    figure.colorbar(
        image, ax=axis, format=PercentFormatter(1), label="correct as human or AI", aspect=max(8, 5 * height)
    )
    save_figure(figure, target)
