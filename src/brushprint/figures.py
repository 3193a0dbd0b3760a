"""The figures of the report, one function each; every function takes tables and writes one PNG or JPEG file."""

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from brushprint.atomic import replacing

# Colours of Okabe and Ito, which colour-blind readers can tell apart, then more; longer legends take a rainbow.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999999", "#000000", "#F0E442", "#8B4513")
KNOWN = {"human": "#0072B2", "ai": "#D55E00", "correct": "#BBBBBB", "misclassified": "#CC0033"}
LEGEND_LIMIT = 12

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
    """Loss and accuracy an epoch, on training and validation pictures, with the chosen epoch."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.2))
    best = history.loc[history["best"], "epoch"].item()
    for axis, measure in zip(axes, ("loss", "accuracy"), strict=True):
        for part, colour in (("train", COLOURS[0]), ("validation", COLOURS[1])):
            axis.plot(history["epoch"], history[f"{part}_{measure}"], marker="o", ms=4, color=colour, label=part)
        axis.axvline(best, color="#888888", ls=":", zorder=0, label=f"chosen: epoch {best}")
        axis.set(
            title=measure.capitalize(), xlabel="epoch", ylabel="cross-entropy in nats" if measure == "loss" else ""
        )
        axis.set_xlim(0.5, len(history) + 0.5)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes[1].yaxis.set_major_formatter(PercentFormatter(1))
    axes[0].legend()
    _save(figure, target)


def confusion(matrix: Sequence[Sequence[int]], classes: Sequence[str], target: Path) -> None:
    """Counts of true (rows) and predicted (columns) classes, shaded by the share of the row."""
    counts = np.array(matrix)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    few, longest = len(classes) <= 4, max(map(len, classes))
    upright = few and longest <= 10
    side, names = len(classes) * (1 if few else 0.42), 0.08 * longest
    figure, axis = plt.subplots(figsize=(side + names + 2, side + (0.2 if upright else names) + 0.8))
    image = axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axis.set_xticks(range(len(classes)), classes, rotation=0 if upright else 90)
    axis.set_yticks(range(len(classes)), classes)
    axis.set(xlabel="predicted", ylabel="true")
    axis.spines[:].set_visible(False)
    for row, column in np.ndindex(counts.shape):
        if counts[row, column]:
            words = f"{counts[row, column]:,}" + (f"\n{shares[row, column]:.0%}" if few else "")
            ink = "white" if shares[row, column] > 0.5 else "black"
            axis.text(column, row, words, ha="center", va="center", color=ink, fontsize=10 if few else 7)
    figure.colorbar(image, ax=axis, shrink=0.8, format=PercentFormatter(1), label="share of the true class")
    _save(figure, target)


def roc(curve: pd.DataFrame, target: Path) -> None:
    """The ROC curve of each class against the rest, and the diagonal of guessing, dotted."""
    names = curve["class"].unique()
    figure, axis = plt.subplots(figsize=(4.8 + 0.09 * max(map(len, names), default=8), 3.8))
    axis.plot([0, 1], [0, 1], color="#888888", ls=":", zorder=0)
    for name, colour in zip(names, _colours(names), strict=True):
        part = curve[curve["class"] == name]
        axis.plot(part["false_positive_rate"], part["true_positive_rate"], color=colour, label=f"{name} is found")
    axis.set(xlabel="others wrongly named so", ylabel="class rightly named so", aspect="equal")
    axis.xaxis.set_major_formatter(PercentFormatter(1))
    axis.yaxis.set_major_formatter(PercentFormatter(1))
    _legend_beside(axis, fontsize=9)
    _save(figure, target)


def components(points: pd.DataFrame, explained: Sequence[float], target: Path) -> None:
    """Test pictures on the first two principal components, coloured by outcome, source and style."""
    columns = [name for name in ("outcome", "source", "style") if points[name].notna().any()]
    figure, axes = plt.subplots(
        1, len(columns), figsize=(4.6 * len(columns), 4.4), sharex=True, sharey=True, squeeze=False
    )
    for axis, column in zip(axes[0], columns, strict=True):
        _scatter(axis, points, points[column].fillna("none").astype(str))
        axis.set_title(f"by {column}")
    _name_components(axes[0], explained)
    _save(figure, target)


def clusters(points: pd.DataFrame, summary: dict[str, Any], space: str, target: Path) -> None:
    """Clusters of the misclassified and of the correct pictures, and which styles (or sources) each holds."""
    outcomes = [outcome for outcome in ("misclassified", "correct") if (points["outcome"] == outcome).any()]
    kind = "styles" if any(row["styles"] for row in summary["clusters"]) else "sources"
    names = sorted({name for row in summary["clusters"] for name in row[kind]})
    figure, axes = plt.subplots(len(outcomes), 2, figsize=(11, 4.2 * len(outcomes)), squeeze=False)
    for (left, right), outcome in zip(axes, outcomes, strict=True):
        chosen = points[points["outcome"] == outcome]
        _scatter(left, chosen, chosen[f"cluster_{space}"], legend="cluster")
        left.set_title(f"{outcome}: {len(chosen):,} pictures")
        _name_components([left], summary["explained"])
        described = [row for row in summary["clusters"] if (row["outcome"], row["space"]) == (outcome, space)]
        _composition(right, described, kind, names)
    _save(figure, target)


def heatmaps(panel: dict[str, np.ndarray], outcome: str, space: str, target: Path) -> None:
    """Pictures nearest to the centre of each cluster (rows), each beside its Grad-CAM heatmap."""
    chosen = np.flatnonzero((panel["outcome"] == outcome) & (panel["space"] == space))
    if not len(chosen):
        _say(f"No test picture is {outcome}.", target)
        return
    groups = [chosen[panel["cluster"][chosen] == cluster] for cluster in np.unique(panel["cluster"][chosen])]
    across = 2 * max(map(len, groups))
    true = [_folded(f"true: {name}") for name in panel["label"]]
    said = [
        _folded(f"said: {name} {share:.0%}")
        for name, share in zip(panel["predicted"], panel["probability"], strict=True)
    ]
    height = 1.65 + 0.14 * max(title.count("\n") + 1 for title in true + said)
    figure, axes = plt.subplots(len(groups), across, figsize=(1.55 * across, height * len(groups)), squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for row, group in zip(axes, groups, strict=True):
        row[0].text(
            -0.12,
            0.5,
            f"cluster {panel['cluster'][group[0]]}",
            rotation=90,
            ha="center",
            va="center",
            transform=row[0].transAxes,
        )
        for position, index in enumerate(group):
            picture, overlay = row[2 * position], row[2 * position + 1]
            picture.imshow(panel["picture"][index])
            overlay.imshow(panel["picture"][index])
            overlay.imshow(panel["heat"][index], cmap="inferno", alpha=0.6, vmin=0, vmax=1)
            picture.set_title(true[index], fontsize=8)
            ink = KNOWN["misclassified"] if outcome == "misclassified" else "black"
            overlay.set_title(said[index], fontsize=8, color=ink)
    _save(figure, target, dpi=96)


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


def _words(name: str) -> str:
    return name.replace("_", " ")


def _scatter(axis: Axes, points: pd.DataFrame, groups: pd.Series, legend: str | None = None) -> None:
    names = sorted(groups.unique())
    for name, colour in zip(names, _colours(names), strict=True):
        chosen = points[groups == name]
        front = 2 if name == "misclassified" else 1
        axis.scatter(chosen["pc1"], chosen["pc2"], s=9, alpha=0.7, lw=0, color=colour, label=str(name), zorder=front)
    if len(names) <= LEGEND_LIMIT:
        axis.legend(title=legend, title_fontsize=7, fontsize=7, markerscale=1.6, handletextpad=0.2, loc="upper right")


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
    return fill(_words(words), 21)


def _say(words: str, target: Path) -> None:
    figure = plt.figure(figsize=(6, 0.8))
    figure.text(0.02, 0.5, words, va="center", fontsize=12)
    _save(figure, target)


def _save(figure: Figure, target: Path, dpi: int = 140) -> None:
    kind = target.suffix.removeprefix(".")
    quality = {"quality": 80} if kind == "jpg" else {}
    with replacing(target) as part:
        figure.savefig(part, format=kind, dpi=dpi, bbox_inches="tight", pad_inches=0.1, pil_kwargs=quality)
    plt.close(figure)
