"""The figures of what a network learned: components, clusters, the penultimate layer."""

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter
from PIL import Image

from brushprint.figures.style import COLOURS, LEGEND_LIMIT, colours_of, legend_beside, save_figure, say_instead, spaced

# So many clusters of a fit are named, the largest.
CLUSTERS_NAMED = 10
METHODS = {"tsne": ("t-SNE", "perplexity"), "umap": ("UMAP", "neighbours")}


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
    save_figure(figure, target)


def scree(summary: dict[str, Any], target: Path) -> None:
    """What each principal component explains of the variance, and all up to it; see `brushprint.features.latent`."""
    shares, kept = np.array(summary["explained"]), summary["components_full"]
    if not shares.any():
        say_instead("All test pictures have the same features: there is no variance to explain.", target)
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
    legend_beside(axis, fontsize=9)
    save_figure(figure, target, colours=32)


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
    save_figure(figure, target)


def embedding(points: pd.DataFrame, summary: dict[str, Any], target: Path) -> None:
    """The map of the test pictures, coloured by origin, source, style and outcome (`brushprint.features.embedding`)."""
    method, setting = METHODS[summary["method"]]
    if summary["why"]:
        say_instead(f"There is no {method} of the penultimate layer: {summary['why']}.", target)
        return
    columns = [name for name in ("origin", "source", "style", "outcome") if points[name].notna().any()]
    figure, axes = plt.subplots(2, 2, figsize=(11, 7.4))
    for axis in axes.flat[len(columns) :]:
        axis.axis("off")
    for axis, column in zip(axes.flat, columns, strict=False):
        _coloured(axis, points[["x", "y"]], points[column].fillna("none").astype(str).map(spaced))
        axis.set(title=f"by {column}", xticks=[], yticks=[])
        legend_beside(axis, fontsize=7)
    of = f" of {summary['test_pictures']:,}" if summary["pictures"] < summary["test_pictures"] else ""
    figure.suptitle(
        f"{method} ({setting} {summary['perplexity']:.3g}) of {summary['pictures']:,}{of} test pictures; "
        f"trustworthiness {summary['trustworthiness']:.3f} (1: neighbours here are neighbours in the layer)",
        fontsize=10,
    )
    save_figure(figure, target)


def prototypes(table: pd.DataFrame, pictures: np.ndarray, target: Path) -> None:
    """A row for each class or style: its nearest and its farthest pictures; see `features.embedding.prototypes`."""
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
        name = fill(f"{by}: {spaced(group)}" if two_kinds else spaced(group), 22, max_lines=3, placeholder="…")
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
    save_figure(figure, target, dpi=96, trim=False)


def quality(summary: dict[str, Any], target: Path) -> None:
    """What the clusters say beyond chance, and of which style (or source) each is (`features.clusters`)."""
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
    save_figure(figure, target, dpi=96, colours=64)


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
        held = row["labels"][kind]
        if held is None or row["cluster"] >= across:
            continue
        place = row["cluster"], fits.index((row["outcome"], row["space"]))
        beyond = held["p"] is not None and held["p"] < summary["level"]
        colour = "#7CCBB0" if held["supported"] else "#CBEADF" if beyond else "#EEEEEE"
        axis.add_patch(mpl.patches.Rectangle((place[0] - 0.48, place[1] - 0.46), 0.96, 0.92, color=colour, lw=0))
        name = fill(spaced(held["dominant"]), 18, max_lines=1, placeholder="…")
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


def _scatter(axis: Axes, places: pd.DataFrame, groups: pd.Series, legend: str | None = None) -> None:
    _coloured(axis, places, groups)
    if groups.nunique() <= LEGEND_LIMIT:
        # Points may lie behind it.
        frame = {"frameon": True, "framealpha": 0.8, "edgecolor": "none", "loc": "upper right"}
        axis.legend(title=legend, title_fontsize=7, fontsize=7, markerscale=1.6, handletextpad=0.2, **frame)


def _coloured(axis: Axes, places: pd.DataFrame, groups: pd.Series) -> None:
    names = sorted(groups.unique())
    for name, colour in zip(names, colours_of(names), strict=True):
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
    colours = dict(zip(names, colours_of(names), strict=True))
    unknown = [row["size"] for row in described] - table.sum(axis=1)
    if unknown.any():
        table["unknown"], colours["unknown"] = unknown, "#CCCCCC"
    left = np.zeros(len(table))
    for name, colour in colours.items():
        axis.barh(range(len(table)), table[name], left=left, color=colour, label=spaced(str(name)))
        left += table[name].to_numpy()
    axis.set_yticks(range(len(table)), [f"cluster {row['cluster']}" for row in described])
    axis.set_ylim(max(len(table), 4) - 0.5, -0.5)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set(title=f"{kind} in each cluster", xlabel="pictures")
    legend_beside(axis, fontsize=7)
