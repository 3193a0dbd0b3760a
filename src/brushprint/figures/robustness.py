"""The figures of perturbed pictures: what they look like, and how networks answer to them."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import PercentFormatter
from PIL import Image

from brushprint.data.corruptions import CONDITIONS, CORRUPTIONS
from brushprint.figures.style import KNOWN, save_figure, say_instead, spaced, tile_canvas

NAMES = (*CORRUPTIONS, "swap")
WORDS = {"none": "as it is", "swap": "saved as others"}
# Of the five severities so many are shown.
SHOWN_SEVERITIES = (1, 3, 5)
# Side of an example and of a thumbnail in pixels, and how many pictures there are of each.
TILE, EXAMPLES = 80, 3
MOST_PICKED = 8
_VERDICTS = LinearSegmentedColormap.from_list("verdicts", [KNOWN["human"], "#F4F4F4", KNOWN["ai"]])


def examples(perturbed: np.ndarray, target: Path) -> None:
    """A few pictures under each perturbation (rows) at `SHOWN_SEVERITIES` (columns).

    `perturbed` is what `brushprint.data.corrupted_arrays.write_corrupted` writes, maybe memory-mapped; the pictures are
    taken evenly from it, so that from pictures in the order of a catalogue come different sources.
    """
    if not len(perturbed):
        say_instead("No test picture was perturbed.", target)
        return
    chosen = np.linspace(0, len(perturbed) - 1, min(len(perturbed), EXAMPLES)).round().astype(int)
    names = ("none", *NAMES)
    # In steps of 16 pixels, as the blocks of JPEG are.
    step, margin, head = TILE + 16, 112, 32
    across = len(SHOWN_SEVERITIES) * step + 16
    canvas, figure, write = tile_canvas(margin + len(chosen) * across, head + len(names) * step)
    for block, row in enumerate(chosen):
        pixels = perturbed[row]
        left = margin + block * across
        for column, severity in enumerate(SHOWN_SEVERITIES):
            write(left + column * step, head + step - 2, f"severity {severity}", color="#555555")
        for line, name in enumerate(names):
            top = head + line * step
            if name == "none":
                top -= 16
            for column, severity in enumerate(_severities(name)):
                tile = Image.fromarray(pixels[CONDITIONS.index((name, severity))])
                place = left + column * step
                canvas[top : top + TILE, place : place + TILE, :3] = tile.resize((TILE, TILE), Image.Resampling.BICUBIC)
    for line, name in enumerate(names):
        write(8, head + line * step + TILE / 2 - (16 if name == "none" else 0), WORDS.get(name, name), va="center")
    figure.figimage(canvas)
    save_figure(figure, target, dpi=96, trim=False)


def _severities(name: str) -> list[int]:
    there = [severity for condition, severity in CONDITIONS if condition == name]
    return [severity for severity in SHOWN_SEVERITIES if severity in there] or there


def curves(rates: pd.DataFrame, target: Path) -> None:
    """Over the severities of each perturbation: balanced accuracy with its interval, false alarms and misses.

    `rates` are those of one variant, see `brushprint.evaluation.robustness.rates`. Severity 0 is the picture as it
    is.
    """
    across = 5
    down = -(-len(NAMES) // across)
    figure, axes = plt.subplots(down, across, figsize=(11.5, 2.1 * down + 0.5), sharey=True, squeeze=False)
    for axis, name in zip(axes.flat, NAMES, strict=False):
        part = rates[rates["name"].isin(["none", name])]
        _lines(axis, part)
        axis.set_title(WORDS.get(name, name), fontsize=9)
        last = int(part["severity"].max())
        axis.set(xlim=(-0.3, last + 0.3), ylim=(-0.03, 1.03), xticks=range(last + 1))
    for axis in axes.flat[len(NAMES) :]:
        axis.axis("off")
    for axis in axes[-1]:
        axis.set_xlabel("severity")
    for axis in axes[:, 0]:
        axis.yaxis.set_major_formatter(PercentFormatter(1))
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=len(labels), fontsize=9)
    save_figure(figure, target)


def _lines(axis: Axes, rates: pd.DataFrame) -> None:
    styles = {
        "balanced_accuracy": ("balanced accuracy, with its 95 % interval", "#000000", "-"),
        "false_alarms": ("false alarms on human work", KNOWN["human"], "--"),
        "misses": ("misses on AI work", KNOWN["ai"], "-."),
    }
    axis.axhline(0.5, color="#888888", ls=":", lw=1, zorder=0, label="chance of a balanced accuracy")
    for measure, (label, colour, dashes) in styles.items():
        rows = rates[rates["measure"] == measure].sort_values("severity")
        band = measure == "balanced_accuracy"
        if band:
            axis.fill_between(rows["severity"], rows["low"], rows["high"], color="#BBBBBB", alpha=0.5, lw=0)
        axis.plot(rows["severity"], rows["value"], dashes, marker="o", ms=3, lw=1.6, color=colour, label=label)


def heatmap(rates: Mapping[str, pd.DataFrame], target: Path) -> None:
    """Balanced accuracy of variants (rows) as pictures are, and under each perturbation in the mean over severities.

    `rates` are those of each variant, see `brushprint.evaluation.robustness.rates`.
    """
    names = ["none", *NAMES]
    values = np.array([_mean_of_severities(table).reindex(names) for table in rates.values()], dtype=float)
    if not np.isfinite(values).any():
        say_instead("No balanced accuracy is known: test pictures of human and AI works are both needed.", target)
        return
    longest = max(map(len, rates))
    figure, axis = plt.subplots(figsize=(0.52 * len(names) + 0.08 * longest + 1.8, 0.34 * len(rates) + 1.9))
    image = axis.imshow(values, cmap="cividis", vmin=0.5, vmax=1, aspect="auto")
    axis.set_xticks(range(len(names)), [WORDS.get(name, name) for name in names], rotation=45, ha="left", fontsize=9)
    axis.set_yticks(range(len(rates)), list(rates), fontsize=9)
    axis.tick_params(length=0, top=False, labeltop=True, labelbottom=False)
    axis.spines[:].set_visible(False)
    # A gap between pictures as they are and changed ones.
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


def picked(scores: pd.DataFrame, thumbnails: Mapping[str, np.ndarray], target: Path) -> None:
    """Hand-picked pictures, each beside what every variant (rows) says of it under each perturbation (columns).

    Parameters
    ----------
    scores : a row a variant, picture and condition: `variant`, `path`, `name`, `severity`, `p_ai`, the probability of
        AI, and `threshold`, from which on the variant calls a picture AI's
    thumbnails : of each `path`, uint8 [height, width, 3]

    Numbers are the mean probability in per cent over the severities; orange is called AI's and blue human, the paler
    the nearer to the variant's threshold. At most `MOST_PICKED` pictures are drawn.
    """
    paths, variants = list(thumbnails)[:MOST_PICKED], list(scores["variant"].unique())
    names = [name for name in ("none", *NAMES) if scores.loc[scores["name"] == name, "p_ai"].notna().any()]
    if not paths or not variants:
        say_instead("No picture was picked.", target)
        return
    means = scores.groupby(["path", "variant", "name"])["p_ai"].mean()
    thresholds = scores.groupby("variant")["threshold"].first()
    cell, line, head, left = 36, 16, 96, 16
    names_left = left + TILE + 16
    margin = names_left + 7 * max(map(len, variants)) + 8
    block = max(TILE, line * len(variants)) + 32
    width, height = margin + cell * len(names) + 64, head + block * len(paths)
    canvas, figure, write = tile_canvas(width, height)
    _key(write, left)
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
                at = margin + column * cell
                verdict = _verdict(value, thresholds[variant])
                colour = _VERDICTS(verdict)
                canvas[top + row * line : top + (row + 1) * line - 1, at : at + cell - 1] = np.multiply(colour, 255)
                ink = "white" if abs(verdict - 0.5) > 0.4 else "black"
                place = {"ha": "center", "va": "center", "color": ink}
                write(at + cell / 2, middle, f"{100 * value:.0f}", **place)
    figure.figimage(canvas)
    save_figure(figure, target, dpi=96, trim=False)


def _key(write: Callable[..., None], left: int) -> None:
    write(left, 30, "Probability of AI in per cent,\nin the mean over severities")
    for top, colour, words in ((46, KNOWN["ai"], "called AI's"), (62, KNOWN["human"], "called human")):
        write(left, top, "■", color=colour)
        write(left + 12, top, words)


def _paste(canvas: np.ndarray, thumbnail: np.ndarray, left: int, top: int) -> None:
    small = Image.fromarray(thumbnail)
    small.thumbnail((TILE, TILE))
    canvas[top : top + small.height, left : left + small.width, :3] = small


def _verdict(p_ai: float, threshold: float) -> float:
    """From 0, surely human, over 0.5, the threshold, to 1, surely AI's."""
    verdict = np.interp(p_ai, [0, np.clip(threshold, 1e-6, 1 - 1e-6), 1], [0, 0.5, 1])
    # In few steps: thumbnails have need of most colours of a PNG.
    return (np.floor(10 * verdict).clip(0, 9) + 0.5) / 10


def _shortened(path: str) -> str:
    return path if len(path) <= 60 else f"…{path[-59:]}"
