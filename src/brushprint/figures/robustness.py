"""The figures of corrupted pictures: examples of each corruption, and the effect on the networks' predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from brushprint.figures.declaration import CollectionGroup, VariantGroup, draws
from brushprint.figures.style import (
    KNOWN,
    new_figure,
    percentages,
    resized,
    save_figure,
    say_instead,
    spaced,
    tile_canvas,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes

WORDS = {"none": "unchanged", "swap": "file swap"}
# The severities at which the examples are shown.
SHOWN_SEVERITIES = (1, 3, 5)
# The side of an example and of a thumbnail in pixels, and the largest numbers of example pictures and of hand-picked
# pictures that are drawn.
TILE, EXAMPLES = 80, 3
MOST_PICKED = 8


def change_names() -> tuple[str, ...]:
    """The names of all corruptions, `swap` included, in the order of the figures."""
    from brushprint.data.corruptions import CORRUPTIONS

    return (*CORRUPTIONS, "swap")


@draws(
    "corruptions.jpg",
    title="Changed pictures",
    alt="Rows of pictures, one row for each kind of change, at three severities.",
    caption="Examples of the changes to test pictures, at low, middle and high severity. Pictures are changed at their "
    "own size, before they are scaled for a network.",
    group=CollectionGroup.TRUST,
)
def changed_pictures(corrupted: np.ndarray, target: Path) -> None:
    """Draw a few pictures under each corruption (rows) at `SHOWN_SEVERITIES` (columns).

    `corrupted` is the array that `brushprint.data.corrupted_arrays.write_corrupted` writes; it may be memory-mapped.
    The pictures are evenly spaced in it. In the order of a catalogue, such pictures come from different sources.
    """
    from brushprint.data.corruptions import CONDITIONS

    if not len(corrupted):
        say_instead("No test picture was changed.", target)
        return
    chosen = np.linspace(0, len(corrupted) - 1, min(len(corrupted), EXAMPLES)).round().astype(int)
    names = ("none", *change_names())
    # Tiles begin at multiples of 16 pixels, to align with the blocks of JPEG.
    step, margin, head = TILE + 16, 112, 32
    across = len(SHOWN_SEVERITIES) * step + 16
    canvas, figure, write = tile_canvas(margin + len(chosen) * across, head + len(names) * step)
    for block, row in enumerate(chosen):
        pixels = corrupted[row]
        left = margin + block * across
        for column, severity in enumerate(SHOWN_SEVERITIES):
            write(left + column * step, head + step - 2, f"severity {severity}", color="#555555")
        for line, name in enumerate(names):
            top = head + line * step
            if name == "none":
                top -= 16
            for column, severity in enumerate(_severities(name, CONDITIONS)):
                tile = resized(pixels[CONDITIONS.index((name, severity))], TILE)
                place = left + column * step
                canvas[top : top + TILE, place : place + TILE, :3] = tile
    for line, name in enumerate(names):
        write(8, head + line * step + TILE / 2 - (16 if name == "none" else 0), WORDS.get(name, name), va="center")
    figure.figimage(canvas)
    save_figure(figure, target, dpi=96, trim=False)


def _severities(name: str, conditions: Sequence[tuple[str, int]]) -> list[int]:
    existing = [severity for condition, severity in conditions if condition == name]
    return [severity for severity in SHOWN_SEVERITIES if severity in existing] or existing


@draws(
    "robustness.png",
    title="Robustness",
    alt="Line charts of balanced accuracy, false alarms and misses against the severity of each change.",
    caption="Performance on changed test pictures, at the threshold chosen on unchanged validation pictures. Severity "
    "0 is the unchanged picture.",
    group=VariantGroup.TRUST,
)
def robustness_curves(rates: pd.DataFrame, target: Path) -> None:
    """Draw balanced accuracy with its interval, false alarms and misses against the severity of each corruption.

    `rates` is the table of one variant; see `brushprint.evaluation.robustness.rates`. Severity 0 is the unchanged
    picture.
    """
    names, across = change_names(), 5
    down = -(-len(names) // across)
    figure = new_figure((11.5, 2.1 * down + 0.5))
    axes = figure.subplots(down, across, sharey=True, squeeze=False)
    for axis, name in zip(axes.flat, names, strict=False):
        part = rates[rates["name"].isin(["none", name])]
        _lines(axis, part)
        axis.set_title(WORDS.get(name, name), fontsize=9)
        last = int(part["severity"].max())
        axis.set(xlim=(-0.3, last + 0.3), ylim=(-0.03, 1.03), xticks=range(last + 1))
    for axis in axes.flat[len(names) :]:
        axis.axis("off")
    for axis in axes[-1]:
        axis.set_xlabel("severity")
    percentages(*(axis.yaxis for axis in axes[:, 0]))
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=len(labels), fontsize=9)
    save_figure(figure, target)


def _lines(axis: Axes, rates: pd.DataFrame) -> None:
    styles = {
        "balanced_accuracy": ("balanced accuracy, with its 95 % interval", "#000000", "-"),
        "false_alarms": ("false alarms on human works", KNOWN["human"], "--"),
        "misses": ("misses of AI works", KNOWN["ai"], "-."),
    }
    axis.axhline(0.5, color="#888888", ls=":", lw=1, zorder=0, label="guessing, balanced accuracy")
    for measure, (label, colour, dashes) in styles.items():
        rows = rates[rates["measure"] == measure].sort_values("severity")
        if measure == "balanced_accuracy":
            axis.fill_between(rows["severity"], rows["low"], rows["high"], color="#BBBBBB", alpha=0.5, lw=0)
        axis.plot(rows["severity"], rows["value"], dashes, marker="o", ms=3, lw=1.6, color=colour, label=label)


@draws(
    "robustness.png",
    title="Robustness of all variants",
    alt="A grid of balanced accuracies, with one row for each variant and one column for each change.",
    caption="Balanced accuracy of human or AI on changed test pictures, the mean over severities, at the threshold "
    "chosen on unchanged validation pictures; 50 % is guessing.",
    group=CollectionGroup.TRUST,
)
def robustness_grid(rates: Sequence[pd.DataFrame], variants: Sequence[str], target: Path) -> None:
    """Draw the balanced accuracy of each variant (row) on unchanged pictures and under each corruption (columns).

    `rates` has one table for each of `variants`; see `brushprint.evaluation.robustness.rates`. A cell is the mean over
    the severities.
    """
    from matplotlib.ticker import PercentFormatter

    names = ["none", *change_names()]
    values = np.array([_mean_of_severities(table).reindex(names) for table in rates], dtype=float)
    if not np.isfinite(values).any():
        say_instead("No balanced accuracy is known: test pictures of human and AI works are both needed.", target)
        return
    longest = max(map(len, variants))
    figure = new_figure((0.52 * len(names) + 0.08 * longest + 1.8, 0.34 * len(variants) + 1.9))
    axis = figure.subplots()
    image = axis.imshow(values, cmap="cividis", vmin=0.5, vmax=1, aspect="auto")
    axis.set_xticks(range(len(names)), [WORDS.get(name, name) for name in names], rotation=45, ha="left", fontsize=9)
    axis.set_yticks(range(len(variants)), variants, fontsize=9)
    axis.tick_params(length=0, top=False, labeltop=True, labelbottom=False)
    axis.spines[:].set_visible(False)
    # A gap separates unchanged from corrupted pictures.
    axis.axvline(0.5, color="white", lw=5)
    for row, column in np.ndindex(values.shape):
        value = values[row, column]
        words = f"{100 * value:.0f}" if np.isfinite(value) else "–"
        ink = "white" if value < 0.75 else "black"
        axis.text(column, row, words, ha="center", va="center", fontsize=8, color=ink)
    figure.colorbar(image, ax=axis, extend="min", format=PercentFormatter(1), label="balanced accuracy", pad=0.01)
    save_figure(figure, target)


def _mean_of_severities(rates: pd.DataFrame) -> pd.Series:
    balanced = rates[rates["measure"] == "balanced_accuracy"]
    return balanced.groupby("name")["value"].mean()


@draws(
    "picked.png",
    title="Hand-picked pictures",
    alt="Small pictures, each beside the probability of AI that each variant gives to it under each change.",
    caption="The probability of AI that each variant gives to pictures without a label, unchanged and changed.",
    group=CollectionGroup.TRUST,
)
def picked(scores: pd.DataFrame, thumbnails: Mapping[str, np.ndarray], target: Path) -> None:
    """Draw hand-picked pictures, each beside the prediction of every variant (rows) under each corruption (columns).

    A number is the probability of AI in per cent, as the mean over the severities. The colour is orange if the variant
    calls the picture AI and blue if it calls it human; it is paler near the variant's threshold. At most `MOST_PICKED`
    pictures are drawn.

    Parameters
    ----------
    scores : a row for each variant, picture and condition, with the columns `variant`, `path`, `name`, `severity`,
        `p_ai` (the probability of AI) and `threshold` (the variant calls a picture of this probability or more AI)
    thumbnails : the picture of each `path`, uint8 [height, width, 3]
    """
    from matplotlib.colors import LinearSegmentedColormap

    paths, variants = list(thumbnails)[:MOST_PICKED], list(scores["variant"].unique())
    scored = set(scores.loc[scores["p_ai"].notna(), "name"])
    names = [name for name in ("none", *change_names()) if name in scored]
    if not paths or not variants:
        say_instead("There is no hand-picked picture.", target)
        return
    colour_of = LinearSegmentedColormap.from_list("verdicts", [KNOWN["human"], "#F4F4F4", KNOWN["ai"]])
    means = scores.groupby(["path", "variant", "name"])["p_ai"].mean()
    thresholds = scores.groupby("variant")["threshold"].first()
    cell, line, head, left = 36, 16, 96, 16
    names_left = left + TILE + 16
    margin = names_left + 7 * max(map(len, variants)) + 8
    block = max(TILE, line * len(variants)) + 32
    width, height = margin + cell * len(names) + 64, head + block * len(paths)
    canvas, figure, write = tile_canvas(width, height)
    _write_key(write, left)
    for column, name in enumerate(names):
        write(margin + column * cell + cell / 2 - 6, head - 6, WORDS.get(name, name), rotation=45)
    for number, path in enumerate(paths):
        top = head + number * block
        _paste(canvas, thumbnails[path], left, top)
        write(left, top + block - 14, _shortened(path), color="#555555")
        for row, variant in enumerate(variants):
            middle = top + row * line + line / 2
            write(names_left, middle, spaced(variant), va="center")
            for column, name in enumerate(names):
                value = means.get((path, variant, name), np.nan)
                if not np.isfinite(value):
                    continue
                start = margin + column * cell
                verdict = _verdict(value, thresholds[variant])
                colour = np.multiply(colour_of(verdict), 255)
                canvas[top + row * line : top + (row + 1) * line - 1, start : start + cell - 1] = colour
                ink = "white" if abs(verdict - 0.5) > 0.4 else "black"
                write(start + cell / 2, middle, f"{100 * value:.0f}", ha="center", va="center", color=ink)
    figure.figimage(canvas)
    save_figure(figure, target, dpi=96, trim=False)


def _write_key(write: Callable[..., None], left: int) -> None:
    write(left, 30, "Probability of AI in per cent,\nmean over severities")
    for top, colour, words in ((46, KNOWN["ai"], "called AI"), (62, KNOWN["human"], "called human")):
        write(left, top, "■", color=colour)
        write(left + 12, top, words)


def _paste(canvas: np.ndarray, thumbnail: np.ndarray, left: int, top: int) -> None:
    from PIL import Image

    small = Image.fromarray(thumbnail)
    small.thumbnail((TILE, TILE))
    canvas[top : top + small.height, left : left + small.width, :3] = small


def _verdict(p_ai: float, threshold: float) -> float:
    """The position of a probability on the colour scale: human is towards 0, the threshold at 0.5, AI towards 1."""
    verdict = np.interp(p_ai, [0, np.clip(threshold, 1e-6, 1 - 1e-6), 1], [0, 0.5, 1])
    # The scale has only ten steps, because the thumbnails need most of the colours of the PNG.
    return float((np.floor(10 * verdict).clip(0, 9) + 0.5) / 10)


def _shortened(path: str) -> str:
    return path if len(path) <= 60 else f"…{path[-59:]}"
