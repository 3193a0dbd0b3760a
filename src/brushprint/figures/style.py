"""The figures of the report, one function each; every function takes tables and writes one PNG or JPEG file.

Here are those of the pictures, of training and of predictions, and what all figures share; `brushprint.figures.latent`,
`brushprint.figures.saliency` and `brushprint.figures.robustness` have the others.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from textwrap import fill
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from PIL import Image, ImageOps

from brushprint.core.atomic import replacing

# Colours of Okabe and Ito, which colour-blind readers can tell apart, then more; longer legends take a rainbow.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999999", "#000000", "#F0E442", "#8B4513")
KNOWN = {"human": "#0072B2", "ai": "#D55E00", "correct": "#BBBBBB", "misclassified": "#CC0033"}
LEGEND_LIMIT = 12
# Of more classes than this not every one has a colour or each of its errors a number.
FEW = 4
NAMED_SHARE = 0.05

mpl.use("Agg")
mpl.rcParams.update(
    {
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 11,
        "axes.titlelocation": "left",
        "figure.constrained_layout.use": True,
        "legend.frameon": False,
    }
)


def curves(history: pd.DataFrame, target: Path) -> None:
    """Loss and accuracy an epoch, on training and validation pictures, with the chosen epoch and the second phase.

    The learning rate is a third chart where it changes. `history` is what `brushprint.training.loop.train` gives.
    """
    changing = history["learning_rate"].nunique() > 1
    figure, axes = plt.subplots(1, 2 + changing, figsize=(13 if changing else 9, 3.4 if changing else 3.2))
    best = history.loc[history["best"], "epoch"].item()
    for axis, measure in zip(axes, ("loss", "accuracy"), strict=False):
        for part, colour in (("train", COLOURS[0]), ("validation", COLOURS[1])):
            axis.plot(history["epoch"], history[f"{part}_{measure}"], marker="o", ms=4, color=colour, label=part)
        axis.axvline(best, color="#888888", ls=":", zorder=0, label=f"chosen: epoch {best}")
        axis.set(title=measure.capitalize(), ylabel="cross-entropy in nats" if measure == "loss" else "")
    axes[1].yaxis.set_major_formatter(PercentFormatter(1))
    if changing:
        axes[2].plot(history["epoch"], history["learning_rate"], marker="o", ms=4, color=COLOURS[2])
        axes[2].set(title="Learning rate", yscale="log")
    for axis in axes:
        axis.set(xlabel="epoch", xlim=(0.5, len(history) + 0.5))
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        _divide(axis, history)
    axes[0].legend()
    save_figure(figure, target)


def _divide(axis: Axes, history: pd.DataFrame) -> None:
    """A line where the second phase begins, and the names of both."""
    first = int((history["phase"] == 1).sum())
    if first == len(history):
        return
    axis.axvline(first + 0.5, color="#444444", lw=0.8, zorder=0)
    axis.set_title(axis.get_title(loc="left"), pad=20)
    place = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points", "va": "bottom", "fontsize": 8}
    axis.annotate("first phase", (first + 0.5, 1), xytext=(-5, 3), ha="right", **place)
    axis.annotate("fine-tuning", (first + 0.5, 1), xytext=(5, 3), ha="left", **place)


def confusion(
    matrix: Sequence[Sequence[int]], classes: Sequence[str], parts: dict[str, Sequence[str]], target: Path
) -> None:
    """True (rows) and predicted (columns) classes: counts of few classes, else shares of the row, grouped.

    `parts` are the origin and source of each class, where the classes tell them: see
    `brushprint.evaluation.metrics.parts_of`.
    """
    if len(classes) <= FEW:
        _few_confused(np.array(matrix), classes, target)
    else:
        _many_confused(np.array(matrix), classes, parts, target)


def _few_confused(counts: np.ndarray, classes: Sequence[str], target: Path) -> None:
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    longest = max(map(len, classes))
    upright = longest <= 10
    side, names = len(classes), 0.08 * longest
    figure, axis = plt.subplots(figsize=(side + names + 2.3, side + (0.2 if upright else names) + 1))
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


def _many_confused(counts: np.ndarray, classes: Sequence[str], parts: dict[str, Sequence[str]], target: Path) -> None:
    """Of every row the shares from `NAMED_SHARE` on as per cent; a square root scale, so that rare errors show."""
    groups = list(zip(*(parts[column] for column in ("origin", "source") if column in parts), strict=True))
    groups = groups or [("",)] * len(classes)
    order = sorted(range(len(classes)), key=lambda index: (groups[index], index))
    counts, support = counts[np.ix_(order, order)], counts.sum(1)[order]
    shares = counts / np.maximum(support, 1)[:, None]
    side = min(0.33, 7.6 / len(classes))
    figure, axis = plt.subplots(figsize=(side * len(classes) + 3.6, side * len(classes) + 2.7), layout="compressed")
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
    _part_groups(axis, [groups[index][-1] for index in order])
    figure.colorbar(
        image,
        ax=axis,
        shrink=0.5,
        format=PercentFormatter(1),
        ticks=[0, 0.01, 0.05, 0.2, 0.5, 1],
        label="share of the true class",
    )
    save_figure(figure, target)


def _part_groups(axis: Axes, groups: Sequence[str]) -> None:
    """Lines between the groups of a matrix, and the name of each above its columns."""
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


def roc(curve: pd.DataFrame, target: Path) -> None:
    """The ROC curve of each class against the rest, and the diagonal of guessing, dotted.

    Of more than `FEW` classes all are thin, and their vertical average and the best and the worst are told apart.
    """
    names = curve["class"].unique()
    parts = curve.groupby("class", sort=False)
    lines = {name: (part["false_positive_rate"], part["true_positive_rate"]) for name, part in parts}
    longest = max([len("best: is found (0.000)"), *map(len, map(str, names))])
    figure, axis = plt.subplots(figsize=(5 + 0.09 * longest, 3.8), layout="compressed")
    axis.plot([0, 1], [0, 1], color="#888888", ls=":", zorder=0)
    if len(names) <= FEW:
        for (name, line), colour in zip(lines.items(), colours_of(names), strict=True):
            axis.plot(*line, color=colour, label=f"{name} is found")
    else:
        _many_curves(axis, lines)
    axis.set(xlabel="others wrongly named so", ylabel="class rightly named so", aspect="equal")
    axis.xaxis.set_major_formatter(PercentFormatter(1))
    axis.yaxis.set_major_formatter(PercentFormatter(1))
    legend_beside(axis, fontsize=9)
    save_figure(figure, target)


def _many_curves(axis: Axes, lines: dict[str, tuple[pd.Series, pd.Series]]) -> None:
    areas = {name: np.trapezoid(true, false) for name, (false, true) in lines.items()}
    grid = np.linspace(0, 1, 501)
    average = np.mean([np.interp(grid, *line) for line in lines.values()], axis=0)
    for line in lines.values():
        axis.plot(*line, color="#BBBBBB", lw=0.6, zorder=1)
    axis.plot([], [], color="#BBBBBB", lw=0.6, label=f"each of {len(lines)} classes")
    for kind, name, colour in (
        ("best", max(areas, key=areas.get), "#009E73"),
        ("worst", min(areas, key=areas.get), "#D55E00"),
    ):
        axis.plot(*lines[name], color=colour, lw=1.2, label=f"{kind}: {spaced(name)} ({areas[name]:.3f})")
    axis.plot(
        np.r_[0, grid], np.r_[0, average], color="#0072B2", lw=2, label=f"average ({np.mean(list(areas.values())):.3f})"
    )


def examples(shown: dict[str, list[tuple[str, Any]]], target: Path) -> None:
    """Pictures of each source (rows) under their styles; see `brushprint.data.catalogue.examples`."""
    across = max(map(len, shown.values()))
    figure, axes = plt.subplots(len(shown), across, figsize=(1.3 * across + 0.5, 1.55 * len(shown)), squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for row, (source, pictures) in zip(axes, shown.items(), strict=True):
        place = {"rotation": 90, "ha": "right", "va": "center", "transform": row[0].transAxes}
        row[0].text(-0.08, 0.5, spaced(source), fontsize=9, **place)
        for axis, (style, picture) in zip(row, pictures, strict=False):
            axis.imshow(picture)
            axis.set_title(spaced(style), fontsize=7, loc="center")
    save_figure(figure, target, dpi=96)


def copies(shown: Sequence[Sequence[tuple[np.ndarray, str]]], settings: dict[str, float], target: Path) -> None:
    """Pictures beside their augmented copies, as `data.oversampling.examples` gives them, and how these were drawn."""
    if not shown:
        say_instead("No picture is copied: the split has as many of one origin as of the other.", target)
        return
    across = max(map(len, shown))
    figure, axes = plt.subplots(len(shown), across, figsize=(1.4 * across, 1.65 * len(shown) + 0.4), squeeze=False)
    drawn = (
        f"turned by up to {settings['rotation']:g}°, zoomed by up to {settings['zoom']:.0%}, "
        f"mirrored with probability {settings['horizontal_flip']:g}"
    )
    figure.suptitle(drawn, fontsize=8)
    for axis in axes.flat:
        axis.axis("off")
    for row, pictures in zip(axes, shown, strict=True):
        for axis, (picture, words) in zip(row, pictures, strict=False):
            axis.imshow(picture)
            axis.set_title(words, fontsize=7, loc="center", weight="bold" if words == "original" else "normal")
    save_figure(figure, target, dpi=96)


def spaced(name: str) -> str:
    """A name as it is written in a figure."""
    return name.replace("_", " ")


def legend_beside(axis: Axes, fontsize: int) -> None:
    """A legend to the right of a chart, of at most `LEGEND_LIMIT` names."""
    handles, labels = axis.get_legend_handles_labels()
    axis.legend(
        handles[:LEGEND_LIMIT],
        labels[:LEGEND_LIMIT],
        title=f"the first {LEGEND_LIMIT} of {len(labels)}" if len(labels) > LEGEND_LIMIT else None,
        title_fontsize=fontsize,
        fontsize=fontsize,
        loc="upper left",
        bbox_to_anchor=(1, 1),
    )


def colours_of(names: Sequence[Any]) -> list[Any]:
    """A colour for each name: the known ones where all are known, and never the same twice."""
    if all(name in KNOWN for name in names):
        return [KNOWN[name] for name in names]
    if len(names) <= len(COLOURS):
        return list(COLOURS[: len(names)])
    return list(mpl.colormaps["turbo"](np.linspace(0, 1, len(names))))


def folded(words: str) -> str:
    """A line of a title, folded where it is too long."""
    return fill(spaced(words), 56)


def say_instead(words: str, target: Path) -> None:
    """Words where there is nothing to draw."""
    figure = plt.figure(figsize=(8, 0.8))
    figure.text(0.02, 0.5, words, va="center", fontsize=12)
    save_figure(figure, target)


def tile_canvas(width: int, height: int) -> tuple[np.ndarray, Figure, Callable[..., None]]:
    """Pixels to fill, uint8 [height, width, 4], the figure that they are for, and what writes a line on it.

    Lines are placed by pixels from the left and from the top.
    """
    canvas = np.full((height, width, 4), 255, dtype=np.uint8)
    figure = plt.figure(figsize=(width / 96, height / 96), dpi=96, layout="none")

    def write(left: float, top: float, line: str, **style: Any) -> None:
        figure.text(left, height - top, line, transform=None, **{"fontsize": 8, "va": "bottom"} | style)

    return canvas, figure, write


def save_figure(figure: Figure, target: Path, dpi: int = 120, trim: bool = True, colours: int = 256) -> None:
    """Draw once and write, without the white margin; a PNG with the `colours` that come nearest to all of its own."""
    figure.set_dpi(dpi)
    figure.canvas.draw()
    picture = Image.fromarray(np.asarray(figure.canvas.buffer_rgba())).convert("RGB")
    plt.close(figure)
    if trim:
        picture = ImageOps.expand(picture.crop(ImageOps.invert(picture).getbbox()), border=8, fill="white")
    with replacing(target) as part:
        if target.suffix == ".png":
            reduced = picture.quantize(colours, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
            reduced.save(part, "PNG", optimize=True)
        else:
            picture.save(part, "JPEG", quality=45, optimize=True, progressive=True)
