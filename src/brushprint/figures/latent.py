"""The figures of learned features: principal components, clusters, and the penultimate layer."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from brushprint.figures.declaration import VariantGroup, draws
from brushprint.figures.style import (
    COLOURS,
    LEGEND_LIMIT,
    colours_of,
    legend_beside,
    new_figure,
    percentages,
    resized,
    save_figure,
    say_instead,
    spaced,
    tile_canvas,
    whole_numbers,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes

# The figure of cluster quality shows at most this many clusters of a fit, the largest ones.
CLUSTERS_NAMED = 10
METHODS = {"tsne": ("t-SNE", "perplexity"), "umap": ("UMAP", "neighbours")}
_CLUSTERS_ALT = (
    "For each outcome, a scatter chart of the clusters, and bars of the styles in each cluster, or of the sources if "
    "no picture has a style."
)


@draws(
    "components.png",
    title="Principal components",
    alt="Scatter charts of the test pictures on two components, coloured by origin, source, style and outcome.",
    caption="The features of the test pictures on their first two principal components.",
    group=VariantGroup.FEATURES,
)
def components(points: pd.DataFrame, clustering: Mapping[str, Any], target: Path) -> None:
    """Draw test pictures on the first two principal components, coloured by origin, source, style and outcome.

    `points` and `clustering` are the results of `brushprint.features.latent.latent`; the points also have their labels
    `origin`, `source` and `style`.
    """
    columns = [name for name in ("origin", "source", "style", "outcome") if points[name].notna().any()]
    down = 1 if len(columns) < 4 else 2
    across = len(columns) // down
    figure = new_figure((4.6 * across, 4.2 * down))
    axes = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    for axis, column in zip(axes.flat, columns, strict=True):
        _scatter(axis, points[["pc1", "pc2"]], points[column].fillna("none").astype(str))
        axis.set_title(f"by {column}")
    for row in axes:
        _name_components(row, clustering["explained"])
        for axis in row:
            axis.label_outer()
    save_figure(figure, target)


@draws(
    "scree.png",
    title="Explained variance",
    alt="Bars of the share of the variance that each principal component explains, and a line of the cumulative share.",
    caption="The variance that each principal component of the features explains. The dotted lines mark the share of "
    "the variance that the full space keeps, and the number of components that hold it.",
    group=VariantGroup.FEATURES,
)
def explained_variance(clustering: Mapping[str, Any], target: Path) -> None:
    """Draw the share of the variance that each principal component explains, and the cumulative share.

    `clustering` is the summary of `brushprint.features.latent.latent`.
    """
    shares, kept = np.array(clustering["explained"]), clustering["components_full"]
    if not shares.any():
        say_instead("All test pictures have the same features: there is no variance to explain.", target)
        return
    figure = new_figure((9, 3))
    axis = figure.subplots()
    number, cumulated = np.arange(len(shares)) + 1, np.cumsum(shares)
    axis.bar(number, shares, color=COLOURS[0], label="single component")
    axis.plot(number, cumulated, color=COLOURS[1], marker="o" if len(shares) <= 60 else None, ms=3, label="cumulative")
    axis.axhline(clustering["variance"], color="#888888", ls=":", zorder=0)
    axis.axvline(kept, color="#888888", ls=":", zorder=0)
    held = [f"{count} component{'s' * (count > 1)}: {cumulated[count - 1]:.0%}" for count in sorted({2, kept})]
    axis.set_title(", ".join(held) + " of the variance")
    axis.set(xlabel="component", ylabel="share of the variance", xlim=(0.3, len(shares) + 0.7), ylim=(0, 1.05))
    whole_numbers(axis.xaxis)
    percentages(axis.yaxis)
    legend_beside(axis, fontsize=9)
    save_figure(figure, target, colours=32)


@draws(
    "clusters-2d.png",
    title="Clusters in two dimensions",
    alt=_CLUSTERS_ALT,
    caption="K-means clusters on the first two principal components, separately for misclassified and correct "
    "pictures, and the contents of each cluster.",
    group=VariantGroup.FEATURES,
    space="2d",
)
@draws(
    "clusters-full.png",
    title="Clusters in the full space",
    alt=_CLUSTERS_ALT,
    caption="K-means clusters on as many principal components as hold the share of the variance that the settings ask "
    "for. They are drawn on the first two components, where clusters may overlap.",
    group=VariantGroup.FEATURES,
    space="full",
)
def clusters(points: pd.DataFrame, clustering: Mapping[str, Any], space: str, target: Path) -> None:
    """Draw the clusters of the misclassified and of the correct pictures, and the styles (or sources) in each cluster.

    `points` and `clustering` are the results of `brushprint.features.latent.latent`; `space` is `2d` or `full`.
    """
    outcomes = [outcome for outcome in ("misclassified", "correct") if (points["outcome"] == outcome).any()]
    kind = "styles" if any(row["styles"] for row in clustering["clusters"]) else "sources"
    names = sorted({name for row in clustering["clusters"] for name in row[kind]})
    figure = new_figure((11, 4.2 * len(outcomes)))
    axes = figure.subplots(len(outcomes), 2, squeeze=False)
    figure.suptitle(_missing(outcomes).strip(), fontsize=10)
    for (left, right), outcome in zip(axes, outcomes, strict=True):
        chosen = points[points["outcome"] == outcome]
        _scatter(left, chosen[["pc1", "pc2"]], chosen[f"cluster_{space}"], legend="cluster")
        left.set_title(f"{outcome}: {len(chosen):,} pictures")
        _name_components([left], clustering["explained"])
        described = [row for row in clustering["clusters"] if (row["outcome"], row["space"]) == (outcome, space)]
        _composition(right, described, kind, names)
    save_figure(figure, target)


@draws(
    "quality.png",
    title="Clusters compared with chance",
    alt="Dots show how far clusters agree with styles, sources and outcomes, how separate and how stable they are, on "
    "grey bars for chance. A grid below shows the most frequent style or source of each cluster.",
    caption="Whether clusters agree with labels more than chance does, and which of them hold mostly one style (or "
    "source). Chance: labels assigned at random; for silhouette and stability, each component shuffled by itself.",
    group=VariantGroup.FEATURES,
)
def cluster_quality(clustering: Mapping[str, Any], target: Path) -> None:
    """Draw the measures of the clusters beside chance, and the most frequent style (or source) of each cluster.

    The measures are the agreement of the clusters with labels, their separation and their stability.
    `clustering` is the summary of `brushprint.features.latent.latent`; see `brushprint.features.clusters`.
    """
    fits, level = clustering["fits"], clustering["level"]
    agreement = [
        (f"{_name_of(fit)}: {label}", measures["nmi"], measures["why"])
        for fit in fits
        for label, measures in fit["labels"].items()
    ]
    shapes = {
        name: [(_name_of(fit), fit[name] if fit[name]["value"] is not None else None, fit[name]["why"]) for fit in fits]
        for name in ("silhouette", "stability")
    }
    heights = [0.24 * len(agreement) + 1.2, 0.46 * len(fits) + 0.9]
    figure = new_figure((12, sum(heights)))
    beyond = f"A full dot exceeds chance (p < {level}), a hollow one does not."
    figure.suptitle(
        f"Grey bar: the middle 95 % of values by chance. {beyond}{_missing([fit['outcome'] for fit in fits])}",
        fontsize=10,
    )
    above, below = figure.subfigures(2, 1, squeeze=False, height_ratios=heights).flat
    axes = above.subplots(1, 3, width_ratios=[1.5, 1, 1])
    _dots(axes[0], agreement, level, "Agreement with labels (NMI)", "0: none, 1: perfect")
    _dots(axes[1], shapes["silhouette"], level, "Separation (silhouette)", "0: touching, 1: far apart")
    _dots(axes[2], shapes["stability"], level, "Stability over seeds (ARI)", "0: random, 1: the same every time")
    _name_clusters(below.subplots(), clustering)
    save_figure(figure, target, dpi=96, colours=64)


def _missing(outcomes: Sequence[str]) -> str:
    """A sentence, after a space, for each outcome that no test picture has."""
    return "".join(f" No test picture is {name}." for name in ("misclassified", "correct") if name not in outcomes)


def _name_of(fit: Mapping[str, Any]) -> str:
    return f"{fit['outcome']}, {fit['space']}"


def _dots(
    axis: Axes, rows: Sequence[tuple[str, Mapping[str, Any] | None, str | None]], level: float, title: str, scale: str
) -> None:
    """Draw a dot for each measure, on a grey bar that spans 95 % of the values that chance gives.

    The dot is full if the p-value is below `level`, otherwise hollow. A row consists of a name, the measure, and the
    reason if there is no measure.
    """
    for place, (_, measure, why) in enumerate(rows):
        if measure is None:
            axis.text(0.02, place, why or "", va="center", fontsize=7, color="#666666")
            continue
        beyond = measure["p"] is not None and measure["p"] < level
        if measure["chance"]:
            band = [measure["chance"]["low"], measure["chance"]["high"]]
            axis.plot(band, [place] * 2, lw=7, color="#CCCCCC", zorder=1, solid_capstyle="butt")
        axis.plot(measure["value"], place, "o", ms=6, color=COLOURS[0], mfc=COLOURS[0] if beyond else "white", zorder=2)
    axis.set_yticks(range(len(rows)), [name for name, _, _ in rows], fontsize=8)
    axis.set(title=title, xlabel=scale, ylim=(len(rows) - 0.5, -0.5))
    left, right = axis.get_xlim()
    axis.set_xlim(min(left, -0.02), max(right, 1.02))
    axis.grid(axis="x", color="#EEEEEE")
    axis.set_axisbelow(True)


def _name_clusters(axis: Axes, clustering: Mapping[str, Any]) -> None:
    """Draw a row for each fit, and a cell for each cluster with its most frequent style (or source).

    The colour of a cell shows whether the cluster has more of that style (or source) than chance gives.
    """
    from matplotlib.patches import Rectangle

    kind = "style" if any(row["styles"] for row in clustering["clusters"]) else "source"
    fits = [(fit["outcome"], fit["space"]) for fit in clustering["fits"]]
    across = min(CLUSTERS_NAMED, max(fit["k"] for fit in clustering["fits"]))
    for row in clustering["clusters"]:
        label = row["labels"][kind]
        if label is None or row["cluster"] >= across:
            continue
        place = row["cluster"], fits.index((row["outcome"], row["space"]))
        beyond = label["p"] is not None and label["p"] < clustering["level"]
        colour = "#7CCBB0" if label["supported"] else "#CBEADF" if beyond else "#EEEEEE"
        axis.add_patch(Rectangle((place[0] - 0.48, place[1] - 0.46), 0.96, 0.92, color=colour, lw=0))
        name = fill(spaced(label["dominant"]), 18, max_lines=1, placeholder="…")
        words = f"{name}\n{label['share']:.0%} of {row['size']:,}"
        axis.text(*place, words, ha="center", va="center", fontsize=7, color="black" if beyond else "#666666")
    axis.set_xticks(range(across), [f"cluster {number}" for number in range(across)], fontsize=8)
    axis.set_yticks(range(len(fits)), [", ".join(fit) for fit in fits], fontsize=8)
    axis.set(xlim=(-0.5, max(across, 4) - 0.5), ylim=(len(fits) - 0.5, -0.5))
    axis.set_title(
        f"Most frequent {kind} of each cluster. Grey: not beyond chance; pale: beyond chance; green: beyond chance and "
        "most of the cluster"
    )
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)


@draws(
    "embedding.png",
    title="Map of the penultimate layer",
    alt="Scatter charts of the test pictures, coloured by origin, source, style and outcome.",
    caption="The features of the penultimate layer in two dimensions. Near pictures stay near; the distances between "
    "far groups, and the sizes of groups, mean little.",
    group=VariantGroup.FEATURES,
)
def embedding_map(embedding: pd.DataFrame, embedding_summary: Mapping[str, Any], target: Path) -> None:
    """Draw the map of the test pictures, coloured by origin, source, style and outcome.

    `embedding` and `embedding_summary` are the points and the summary that
    `brushprint.features.feature_map.map_features` returns.
    """
    method, setting = METHODS[embedding_summary["method"]]
    if embedding_summary["why"]:
        say_instead(f"{method} of the penultimate layer cannot be computed: {embedding_summary['why']}.", target)
        return
    columns = [name for name in ("origin", "source", "style", "outcome") if embedding[name].notna().any()]
    figure = new_figure((11, 7.4))
    axes = figure.subplots(2, 2)
    for axis in axes.flat[len(columns) :]:
        axis.axis("off")
    for axis, column in zip(axes.flat, columns, strict=False):
        _coloured(axis, embedding[["x", "y"]], embedding[column].fillna("none").astype(str).map(spaced))
        axis.set(title=f"by {column}", xticks=[], yticks=[])
        legend_beside(axis, fontsize=7)
    mapped, tested = embedding_summary["pictures"], embedding_summary["test_pictures"]
    of_all = f" of {tested:,}" if mapped < tested else ""
    figure.suptitle(
        f"{method} ({setting} {embedding_summary['perplexity']:.3g}) of {mapped:,}{of_all} test pictures; "
        f"trustworthiness {embedding_summary['trustworthiness']:.3f} "
        "(1: neighbours here are neighbours in the layer)",
        fontsize=10,
    )
    save_figure(figure, target)


@draws(
    "prototypes.jpg",
    title="Prototypes",
    alt="Rows of pictures: for each class or style, the pictures nearest to its mean and those farthest from it.",
    caption="The most and the least typical test pictures of each class, and of each style if classes are not styles, "
    "by their distance to the mean in the penultimate layer.",
    group=VariantGroup.FEATURES,
)
def prototype_pictures(prototypes: pd.DataFrame, prototype_pictures: Mapping[str, np.ndarray], target: Path) -> None:
    """Draw a row for each class or style with the pictures nearest to its mean and those farthest from it.

    `prototypes` is the result of `brushprint.features.embedding.prototypes`. `prototype_pictures["picture"]` has the
    picture of each row of `prototypes`, uint8 [n, side, side, 3].
    """
    pictures = prototype_pictures["picture"]
    rows = list(prototypes.assign(index=range(len(prototypes))).groupby(["by", "group"]))
    two_kinds = prototypes["by"].nunique() > 1
    blocks = 1 if len(rows) <= 12 else 2
    down = -(-len(rows) // blocks)
    # Tiles begin at multiples of 16 pixels, to align with the blocks of JPEG.
    tile = 64 if len(rows) <= 24 else 48
    step, words, head, half = tile + 16, 144, 32, max(2, prototypes["rank"].max())
    across = words + 2 * half * step + 32
    width, height = blocks * across, head + down * step
    canvas, figure, write = tile_canvas(width, height)
    for number, ((by, group), members) in enumerate(rows):
        left, top = number // down * across, head + number % down * step
        name = fill(f"{by}: {spaced(group)}" if two_kinds else spaced(group), 22, max_lines=3, placeholder="…")
        write(left + 4, top + tile / 2, name, va="center")
        for kind, first in (("nearest", words), ("farthest", words + half * step + 16)):
            if number % down == 0:
                heading = "nearest to the mean" if kind == "nearest" else "farthest from it"
                write(left + first, head - 8, heading, weight="bold", va="baseline")
            shown = members[members["kind"] == kind]
            if shown.empty:
                write(left + first, top + tile / 2, "no further pictures", va="baseline")
            for row in shown.itertuples():
                place = left + first + (row.rank - 1) * step
                canvas[top : top + tile, place : place + tile, :3] = resized(pictures[row.index], tile)
    figure.figimage(canvas)
    save_figure(figure, target, dpi=96, trim=False)


def _scatter(axis: Axes, places: pd.DataFrame, groups: pd.Series, legend: str | None = None) -> None:
    _coloured(axis, places, groups)
    if groups.nunique() <= LEGEND_LIMIT:
        # Points may lie behind the legend, so a frame keeps it readable.
        frame: dict[str, Any] = {"frameon": True, "framealpha": 0.8, "edgecolor": "none", "loc": "upper right"}
        axis.legend(title=legend, title_fontsize=7, fontsize=7, markerscale=1.6, handletextpad=0.2, **frame)


def _coloured(axis: Axes, places: pd.DataFrame, groups: pd.Series) -> None:
    names = sorted(groups.unique())
    for name, colour in zip(names, colours_of(names), strict=True):
        x, y = places[groups == name].to_numpy().T
        front = 2 if name == "misclassified" else 1
        axis.scatter(x, y, s=9, alpha=0.7, lw=0, color=colour, label=str(name), zorder=front)


def _name_components(axes: Sequence[Axes], explained: Sequence[float]) -> None:
    axes[0].set_ylabel(f"component 2 ({explained[1]:.0%})")
    for axis in axes:
        axis.set_xlabel(f"component 1 ({explained[0]:.0%} of the variance)")


def _composition(axis: Axes, described: Sequence[Mapping[str, Any]], kind: str, names: Sequence[str]) -> None:
    """Draw a bar for each cluster, divided by the styles (or sources) of its pictures.

    Each name has the same colour for both outcomes.
    """
    counts = {name: np.array([row[kind].get(name, 0) for row in described], dtype=float) for name in names}
    colours = dict(zip(names, colours_of(names), strict=True))
    unknown = np.array([row["size"] for row in described]) - sum(counts.values())
    if unknown.any():
        counts["unknown"], colours["unknown"] = unknown, "#CCCCCC"
    places = range(len(described))
    left = np.zeros(len(described))
    for name, colour in colours.items():
        axis.barh(places, counts[name], left=left, color=colour, label=spaced(str(name)))
        left += counts[name]
    axis.set_yticks(places, [f"cluster {row['cluster']}" for row in described])
    axis.set_ylim(max(len(described), 4) - 0.5, -0.5)
    whole_numbers(axis.xaxis)
    axis.set(title=f"{kind} in each cluster", xlabel="pictures")
    legend_beside(axis, fontsize=7)
