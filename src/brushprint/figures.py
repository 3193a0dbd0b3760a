"""The figures of the report, one function each; every function takes tables and writes one PNG or JPEG file."""

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

from brushprint.atomic import replacing

# Colours of Okabe and Ito, which colour-blind readers can tell apart, then more; longer legends take a rainbow.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999999", "#000000", "#F0E442", "#8B4513")
KNOWN = {"human": "#0072B2", "ai": "#D55E00", "correct": "#BBBBBB", "misclassified": "#CC0033"}
LEGEND_LIMIT = 12
# Of more classes than this not every one has a colour or each of its errors a number.
FEW = 4
NAMED_SHARE = 0.05
# Side of a picture in a panel of heatmaps, in pixels, and pictures a row of it where they are in no clusters.
TILE = 80
ACROSS = 3
# A change of a probability that is hardly one is drawn pale, though it be the largest of a picture.
FAINTEST = 0.02
# So many clusters of a fit are named, the largest.
CLUSTERS_NAMED = 10
METHODS = {"tsne": ("t-SNE", "perplexity"), "umap": ("UMAP", "neighbours")}

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

    The learning rate is a third chart where it changes. `history` is what `brushprint.training.train` gives.
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
    _save(figure, target)


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

    `parts` are the origin and source of each class, where the classes tell them: see `brushprint.metrics.parts_of`.
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
    _save(figure, target)


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
    names = [_words(classes[index]) for index in order]
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
    _save(figure, target)


def _part_groups(axis: Axes, groups: Sequence[str]) -> None:
    """Lines between the groups of a matrix, and the name of each above its columns."""
    starts = [0, *(index for index in range(1, len(groups)) if groups[index] != groups[index - 1]), len(groups)]
    for start, end in pairwise(starts):
        middle = (start + end - 1) / 2
        axis.annotate(
            _words(groups[start]),
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
        for (name, line), colour in zip(lines.items(), _colours(names), strict=True):
            axis.plot(*line, color=colour, label=f"{name} is found")
    else:
        _many_curves(axis, lines)
    axis.set(xlabel="others wrongly named so", ylabel="class rightly named so", aspect="equal")
    axis.xaxis.set_major_formatter(PercentFormatter(1))
    axis.yaxis.set_major_formatter(PercentFormatter(1))
    _legend_beside(axis, fontsize=9)
    _save(figure, target)


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
        axis.plot(*lines[name], color=colour, lw=1.2, label=f"{kind}: {_words(name)} ({areas[name]:.3f})")
    axis.plot(
        np.r_[0, grid], np.r_[0, average], color="#0072B2", lw=2, label=f"average ({np.mean(list(areas.values())):.3f})"
    )


def components(points: pd.DataFrame, explained: Sequence[float], target: Path) -> None:
    """Test pictures on the first two principal components, coloured by origin, source, style and outcome."""
    columns = [name for name in ("origin", "source", "style", "outcome") if points[name].notna().any()]
    down = 1 if len(columns) < 4 else 2
    across = len(columns) // down
    size = (4.6 * across, 4.2 * down)
    figure, axes = plt.subplots(down, across, figsize=size, sharex=True, sharey=True, squeeze=False)
    for axis, column in zip(axes.flat, columns, strict=True):
        _scatter(axis, points[["pc1", "pc2"]], points[column].fillna("none").astype(str))
        axis.set_title(f"by {column}")
    for row in axes:
        _name_components(row, explained)
        for axis in row:
            axis.label_outer()
    _save(figure, target)


def scree(summary: dict[str, Any], target: Path) -> None:
    """What each principal component explains of the variance, and all up to it; see `brushprint.latent`."""
    shares, kept = np.array(summary["explained"]), summary["components_full"]
    if not shares.any():
        _say("All test pictures have the same features: there is no variance to explain.", target)
        return
    figure, axis = plt.subplots(figsize=(9, 3))
    number, cumulated = np.arange(len(shares)) + 1, np.cumsum(shares)
    axis.bar(number, shares, color=COLOURS[0], label="one component")
    axis.plot(
        number, cumulated, color=COLOURS[1], marker="o" if len(shares) <= 60 else None, ms=3, label="all up to it"
    )
    axis.axhline(summary["variance"], color="#888888", ls=":", zorder=0)
    axis.axvline(kept, color="#888888", ls=":", zorder=0)
    held = [f"{count} component{'s' * (count > 1)}: {cumulated[count - 1]:.0%}" for count in sorted({2, kept})]
    axis.set_title(", ".join(held) + " of the variance")
    axis.set(xlabel="component", ylabel="share of the variance", xlim=(0.3, len(shares) + 0.7), ylim=(0, 1.05))
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.yaxis.set_major_formatter(PercentFormatter(1))
    _legend_beside(axis, fontsize=9)
    _save(figure, target, colours=32)


def embedding(points: pd.DataFrame, summary: dict[str, Any], target: Path) -> None:
    """The map of the test pictures, coloured by origin, source, style and outcome; see `brushprint.embedding`."""
    method, setting = METHODS[summary["method"]]
    if summary["why"]:
        _say(f"There is no {method} of the penultimate layer: {summary['why']}.", target)
        return
    columns = [name for name in ("origin", "source", "style", "outcome") if points[name].notna().any()]
    figure, axes = plt.subplots(2, 2, figsize=(11, 7.4))
    for axis in axes.flat[len(columns) :]:
        axis.axis("off")
    for axis, column in zip(axes.flat, columns, strict=False):
        _coloured(axis, points[["x", "y"]], points[column].fillna("none").astype(str).map(_words))
        axis.set(title=f"by {column}", xticks=[], yticks=[])
        _legend_beside(axis, fontsize=7)
    of = f" of {summary['test_pictures']:,}" if summary["pictures"] < summary["test_pictures"] else ""
    figure.suptitle(
        f"{method} ({setting} {summary['perplexity']:.3g}) of {summary['pictures']:,}{of} test pictures; "
        f"trustworthiness {summary['trustworthiness']:.3f} (1: neighbours here are neighbours in the layer)",
        fontsize=10,
    )
    _save(figure, target)


def prototypes(table: pd.DataFrame, pictures: np.ndarray, target: Path) -> None:
    """A row for each class or style: its nearest and its farthest pictures; see `brushprint.embedding.prototypes`."""
    rows = list(table.assign(index=range(len(table))).groupby(["by", "group"]))
    two_kinds = table["by"].nunique() > 1
    blocks = 1 if len(rows) <= 12 else 2
    down = -(-len(rows) // blocks)
    # Tiles begin at multiples of 16, as in `heatmaps`.
    tile = 64 if len(rows) <= 24 else 48
    step, words, head, half = tile + 16, 144, 32, max(2, table["rank"].max())
    across = words + 2 * half * step + 32
    width, height = blocks * across, head + down * step
    canvas = np.full((height, width, 4), 255, dtype=np.uint8)
    figure = plt.figure(figsize=(width / 96, height / 96), dpi=96, layout="none")
    for number, ((by, group), members) in enumerate(rows):
        left, top = number // down * across, head + number % down * step
        name = fill(f"{by}: {_words(group)}" if two_kinds else _words(group), 22, max_lines=3, placeholder="…")
        figure.text(left + 4, height - top - tile / 2, name, fontsize=8, va="center", transform=None)
        for kind, first in (("nearest", words), ("farthest", words + half * step + 16)):
            if number % down == 0:
                said = "nearest to the mean" if kind == "nearest" else "farthest from it"
                figure.text(left + first, height - head + 8, said, fontsize=8, weight="bold", transform=None)
            shown = members[members["kind"] == kind]
            if shown.empty:
                figure.text(left + first, height - top - tile / 2, "no more pictures", fontsize=8, transform=None)
            for row in shown.itertuples():
                place = left + first + (row.rank - 1) * step
                picture = Image.fromarray(pictures[row.index]).resize((tile, tile), Image.Resampling.BICUBIC)
                canvas[top : top + tile, place : place + tile, :3] = np.asarray(picture)
    figure.figimage(canvas)
    _save(figure, target, dpi=96, trim=False)


def quality(summary: dict[str, Any], target: Path) -> None:
    """What the clusters say beyond chance, and of which style (or source) each is; see `brushprint.clusters`."""
    fits, level = summary["fits"], summary["level"]
    said = [
        (f"{_of_fit(fit)}: {label}", found["nmi"], found["why"])
        for fit in fits
        for label, found in fit["labels"].items()
    ]
    shapes = {
        name: [(_of_fit(fit), fit[name] if fit[name]["value"] is not None else None, fit[name]["why"]) for fit in fits]
        for name in ("silhouette", "stability")
    }
    heights = [0.24 * len(said) + 1.2, 0.46 * len(fits) + 0.9]
    figure = plt.figure(figsize=(12, sum(heights)))
    beyond = f"A full dot lies beyond chance (p < {summary['level']}), a hollow one does not."
    figure.suptitle(
        f"Grey: 95 % of what chance gives. {beyond}{_missing([fit['outcome'] for fit in fits])}", fontsize=10
    )
    above, below = figure.subfigures(2, 1, height_ratios=heights)
    axes = above.subplots(1, 3, width_ratios=[1.5, 1, 1])
    _dots(axes[0], said, level, "What they say of labels (NMI)", "0: nothing, 1: all")
    _dots(axes[1], shapes["silhouette"], level, "How far apart (silhouette)", "0: touching, 1: far apart")
    _dots(axes[2], shapes["stability"], level, "How stable over seeds (ARI)", "0: random, 1: always the same")
    _name_clusters(below.subplots(), summary)
    _save(figure, target, dpi=96, colours=64)


def _missing(outcomes: Sequence[str]) -> str:
    """A sentence on the outcome that no test picture has, if any."""
    return "".join(f" No test picture is {name}." for name in ("misclassified", "correct") if name not in outcomes)


def _of_fit(fit: dict[str, Any]) -> str:
    return f"{fit['outcome']}, {fit['space']}"


def _dots(
    axis: Axes, rows: Sequence[tuple[str, dict[str, Any] | None, str | None]], level: float, title: str, scale: str
) -> None:
    """A value a row as a dot, full where it is beyond chance, whose 95 % are a grey bar; else why there is none."""
    for place, (_, found, why) in enumerate(rows):
        if found is None:
            axis.text(0.02, place, why, va="center", fontsize=7, color="#666666")
            continue
        beyond = found["p"] is not None and found["p"] < level
        if found["chance"]:
            band = [found["chance"]["low"], found["chance"]["high"]]
            axis.plot(band, [place] * 2, lw=7, color="#CCCCCC", zorder=1, solid_capstyle="butt")
        axis.plot(found["value"], place, "o", ms=6, color=COLOURS[0], mfc=COLOURS[0] if beyond else "white", zorder=2)
    axis.set_yticks(range(len(rows)), [name for name, _, _ in rows], fontsize=8)
    axis.set(title=title, xlabel=scale, ylim=(len(rows) - 0.5, -0.5))
    left, right = axis.get_xlim()
    axis.set_xlim(min(left, -0.02), max(right, 1.02))
    axis.grid(axis="x", color="#EEEEEE")
    axis.set_axisbelow(True)


def _name_clusters(axis: Axes, summary: dict[str, Any]) -> None:
    """A row a fit, a cell a cluster: its dominant style (or source), and whether that is more than chance."""
    kind = "style" if any(row["styles"] for row in summary["clusters"]) else "source"
    fits = [(fit["outcome"], fit["space"]) for fit in summary["fits"]]
    across = min(CLUSTERS_NAMED, max(fit["k"] for fit in summary["fits"]))
    for row in summary["clusters"]:
        held = row["labels"].get(kind)
        if held is None or row["cluster"] >= across:
            continue
        place = row["cluster"], fits.index((row["outcome"], row["space"]))
        beyond = held["p"] is not None and held["p"] < summary["level"]
        colour = "#7CCBB0" if held["supported"] else "#CBEADF" if beyond else "#EEEEEE"
        axis.add_patch(mpl.patches.Rectangle((place[0] - 0.48, place[1] - 0.46), 0.96, 0.92, color=colour, lw=0))
        name = fill(_words(held["dominant"]), 18, max_lines=1, placeholder="…")
        words = f"{name}\n{held['share']:.0%} of {row['size']:,}"
        axis.text(*place, words, ha="center", va="center", fontsize=7, color="black" if beyond else "#666666")
    axis.set_xticks(range(across), [f"cluster {number}" for number in range(across)], fontsize=8)
    axis.set_yticks(range(len(fits)), [", ".join(fit) for fit in fits], fontsize=8)
    axis.set(xlim=(-0.5, max(across, 4) - 0.5), ylim=(len(fits) - 0.5, -0.5))
    axis.set_title(
        f"The most frequent {kind} of each cluster. Grey: no more of it than chance gives; pale: more; "
        "green: more, and most of the cluster"
    )
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)


def clusters(points: pd.DataFrame, summary: dict[str, Any], space: str, target: Path) -> None:
    """Clusters of the misclassified and of the correct pictures, and which styles (or sources) each holds."""
    outcomes = [outcome for outcome in ("misclassified", "correct") if (points["outcome"] == outcome).any()]
    kind = "styles" if any(row["styles"] for row in summary["clusters"]) else "sources"
    names = sorted({name for row in summary["clusters"] for name in row[kind]})
    figure, axes = plt.subplots(len(outcomes), 2, figsize=(11, 4.2 * len(outcomes)), squeeze=False)
    figure.suptitle(_missing(outcomes).strip() or None, fontsize=10)
    for (left, right), outcome in zip(axes, outcomes, strict=True):
        chosen = points[points["outcome"] == outcome]
        _scatter(left, chosen[["pc1", "pc2"]], chosen[f"cluster_{space}"], legend="cluster")
        left.set_title(f"{outcome}: {len(chosen):,} pictures")
        _name_components([left], summary["explained"])
        described = [row for row in summary["clusters"] if (row["outcome"], row["space"]) == (outcome, space)]
        _composition(right, described, kind, names)
    _save(figure, target)


def heatmaps(shown: dict[str, np.ndarray], panel: str, target: Path) -> None:
    """Pictures of a panel, each beside its Grad-CAM heatmap and its occlusion map; a row a cluster, if it has any.

    Parameters
    ----------
    shown : a value a picture of `label`, `predicted`, `probability`, `picture` (uint8 [side, side, 3]), `heat` ([side,
        side], 0 to 1) and `occlusion` ([side, side], -1 to 1); a value a place of a panel of `shown_panel`,
        `shown_cluster` (-1: none) and `shown_row`, the picture's
    panel : one of `shown_panel`, named by the outcome that all its pictures have
    """
    places = np.flatnonzero(shown["shown_panel"] == panel)
    outcome = "correct" if panel.endswith("correct") else "misclassified"
    if not len(places):
        _say(f"No test picture is {outcome}.", target)
        return
    clusters, rows = shown["shown_cluster"][places], shown["shown_row"][places]
    groups = [rows[clusters == cluster] for cluster in np.unique(clusters)]
    clustered = clusters[0] >= 0
    if not clustered:
        groups = [rows[start : start + ACROSS] for start in range(0, len(rows), ACROSS)]
    titles = {row: _titles(shown, row) for row in rows}
    ink = KNOWN["misclassified"] if outcome == "misclassified" else "black"
    # In pixels: one canvas of tiles is drawn in a tenth of the time that as many axes take, and where tiles begin at
    # multiples of 16, as the blocks of JPEG do, the file is a quarter smaller.
    words = 16 * max(line.count("\n") + 1 for pair in titles.values() for line in pair)
    step, margin = TILE + 16, 32 if clustered else 16
    across, down, head = 3 * step + 16, 2 * words + step, 48
    width, height = margin + max(map(len, groups)) * across, head + len(groups) * down
    canvas = np.full((height, width, 4), 255, dtype=np.uint8)
    figure = plt.figure(figsize=(width / 96, height / 96), dpi=96, layout="none")

    def write(left: float, top: float, line: str, **style: Any) -> None:
        figure.text(left, height - top, line, transform=None, **{"fontsize": 8, "va": "bottom"} | style)

    _key(write, margin)
    for number, group in enumerate(groups):
        top = head + number * down + 2 * words
        if clustered:
            write(18, top + TILE / 2, f"cluster {np.unique(clusters)[number]}", rotation=90, ha="center", va="center")
        for position, row in enumerate(group):
            left = margin + position * across
            write(left, top - words - 2, titles[row][0])
            write(left, top - 2, titles[row][1], color=ink)
            for column, tile in enumerate(_tiles(*(shown[name][row] for name in ("picture", "heat", "occlusion")))):
                canvas[top : top + TILE, left + column * step : left + column * step + TILE, :3] = tile
    figure.figimage(canvas)
    _save(figure, target, dpi=96, trim=False)


def _key(write: Callable[..., None], left: float) -> None:
    """What the three tiles of a picture are, and what their colours mean."""
    soft = "#555555"
    for column, lines in enumerate((("picture", ""), ("Grad-CAM", "bright: for it"), ("occlusion", ""))):
        for top, line, style in ((18, lines[0], {"weight": "bold"}), (34, lines[1], {"color": soft})):
            write(left + column * (TILE + 16), top, line, **style)
    middle = left + 2 * (TILE + 16)
    write(middle, 34, "■", color="#E08214")
    write(middle + 10, 34, "for it", color=soft)
    write(middle + 44, 34, "■", color="#8073AC")
    write(middle + 54, 34, "against", color=soft)


def _titles(shown: dict[str, np.ndarray], row: int) -> tuple[str, str]:
    said = f"said: {shown['predicted'][row]}, {shown['probability'][row]:.0%}"
    return _folded(f"true: {shown['label'][row]}"), _folded(said)


def _tiles(picture: np.ndarray, heat: np.ndarray, hidden: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A uint8 picture, alone, under its heatmap and under its occlusion map, each [`TILE`, `TILE`, 3].

    Occlusion is orange where hiding made the network less sure and purple where it made it surer; the deepest colour is
    the largest change of the map, but at least `FAINTEST`.
    """
    large = np.asarray(Image.fromarray(picture).resize((TILE, TILE), Image.Resampling.BICUBIC))
    heat, hidden = (
        np.asarray(Image.fromarray(given.astype(np.float32)).resize((TILE, TILE), how))
        for given, how in ((heat, Image.Resampling.BILINEAR), (hidden, Image.Resampling.NEAREST))
    )
    hot = mpl.colormaps["inferno"](heat, bytes=True)[..., :3]
    limit = max(FAINTEST, np.abs(hidden).max())
    signed = mpl.colormaps["PuOr_r"](0.5 + hidden / (2 * limit), bytes=True)[..., :3]
    grey = large.mean(axis=2, keepdims=True)
    overlays = (0.4 * large + 0.6 * hot, 0.3 * grey + 0.7 * signed)
    return large, *(overlay.round().astype(np.uint8) for overlay in overlays)


def examples(shown: dict[str, list[tuple[str, Any]]], target: Path) -> None:
    """Pictures of each source (rows) under their styles; see `brushprint.catalogue.examples`."""
    across = max(map(len, shown.values()))
    figure, axes = plt.subplots(len(shown), across, figsize=(1.3 * across + 0.5, 1.55 * len(shown)), squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for row, (source, pictures) in zip(axes, shown.items(), strict=True):
        place = {"rotation": 90, "ha": "right", "va": "center", "transform": row[0].transAxes}
        row[0].text(-0.08, 0.5, _words(source), fontsize=9, **place)
        for axis, (style, picture) in zip(row, pictures, strict=False):
            axis.imshow(picture)
            axis.set_title(_words(style), fontsize=7, loc="center")
    _save(figure, target, dpi=96)


def copies(shown: Sequence[Sequence[tuple[np.ndarray, str]]], settings: dict[str, float], target: Path) -> None:
    """Pictures beside their augmented copies, as `brushprint.copies.examples` gives them, and how these were drawn."""
    if not shown:
        _say("No picture is copied: the split has as many of one origin as of the other.", target)
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
    _save(figure, target, dpi=96)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _scatter(axis: Axes, places: pd.DataFrame, groups: pd.Series, legend: str | None = None) -> None:
    _coloured(axis, places, groups)
    if groups.nunique() <= LEGEND_LIMIT:
        # Points may lie behind it.
        frame = {"frameon": True, "framealpha": 0.8, "edgecolor": "none", "loc": "upper right"}
        axis.legend(title=legend, title_fontsize=7, fontsize=7, markerscale=1.6, handletextpad=0.2, **frame)


def _coloured(axis: Axes, places: pd.DataFrame, groups: pd.Series) -> None:
    names = sorted(groups.unique())
    for name, colour in zip(names, _colours(names), strict=True):
        chosen = places[groups == name].to_numpy()
        front = 2 if name == "misclassified" else 1
        axis.scatter(*chosen.T, s=9, alpha=0.7, lw=0, color=colour, label=str(name), zorder=front)


def _name_components(axes: Sequence[Axes], explained: Sequence[float]) -> None:
    axes[0].set_ylabel(f"component 2 ({explained[1]:.0%})")
    for axis in axes:
        axis.set_xlabel(f"component 1 ({explained[0]:.0%} of the variance)")


def _composition(axis: Axes, described: Sequence[dict[str, Any]], kind: str, names: Sequence[str]) -> None:
    """A bar a cluster, divided by what it holds; the same names and so the same colours for both outcomes."""
    table = pd.DataFrame([row[kind] for row in described]).reindex(columns=names).fillna(0)
    left = np.zeros(len(table))
    for name, colour in zip(names, _colours(names), strict=True):
        axis.barh(range(len(table)), table[name], left=left, color=colour, label=_words(str(name)))
        left += table[name].to_numpy()
    axis.set_yticks(range(len(table)), [f"cluster {row['cluster']}" for row in described])
    axis.set_ylim(max(len(table), 4) - 0.5, -0.5)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set(title=f"{kind} in each cluster", xlabel="pictures")
    _legend_beside(axis, fontsize=7)


def _legend_beside(axis: Axes, fontsize: int) -> None:
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


def _colours(names: Sequence[Any]) -> list[Any]:
    """A colour for each name: the known ones where all are known, and never the same twice."""
    if all(name in KNOWN for name in names):
        return [KNOWN[name] for name in names]
    if len(names) <= len(COLOURS):
        return list(COLOURS[: len(names)])
    return list(mpl.colormaps["turbo"](np.linspace(0, 1, len(names))))


def _folded(words: str) -> str:
    return fill(_words(words), 56)


def _say(words: str, target: Path) -> None:
    figure = plt.figure(figsize=(8, 0.8))
    figure.text(0.02, 0.5, words, va="center", fontsize=12)
    _save(figure, target)


def _save(figure: Figure, target: Path, dpi: int = 120, trim: bool = True, colours: int = 256) -> None:
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
            picture.save(part, "JPEG", quality=50, optimize=True, progressive=True)
