"""The figures that show where a network looks: saliency maps, their heat in each region, and tests of the maps."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from brushprint.figures.declaration import VariantGroup, draws
from brushprint.figures.style import (
    COLOURS,
    KNOWN,
    folded,
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

# The side of a picture in a panel in pixels, and the number of pictures in a row of a panel without clusters.
TILE = 80
ACROSS = 3
# The number of mean maps in a row, and the largest number of groups of one kind that are drawn.
MAPS_ACROSS, MOST = 10, 20
KINDS = {
    "outcome": "by outcome",
    "origin": "by origin",
    "source": "by source",
    "style": "by style",
    "full cluster": "by cluster of the full space",
}
NULLS = {"trained": "trained", "flipped": "upside down", "random": "random weights", "grey": "grey picture"}

_PANEL_ALT = (
    "Pictures, each beside its Grad-CAM heatmap and its occlusion map, under its true class, its predicted class and "
    "the probability of that class."
)
_CLUSTERS_ALT = f"{_PANEL_ALT} There is one row for each cluster."


@draws(
    "gradcam-2d-misclassified.jpg",
    title="Misclassified pictures, clusters in two dimensions",
    alt=_CLUSTERS_ALT,
    caption="The misclassified pictures nearest to the centre of each cluster, with two saliency maps. Grad-CAM: "
    "bright areas contributed most to the prediction. Occlusion: with an orange area hidden behind grey, the network "
    "is less "
    "sure of its prediction; with a purple area hidden, it is surer.",
    group=VariantGroup.SALIENCY,
    panel="gradcam-2d-misclassified",
)
@draws(
    "gradcam-2d-correct.jpg",
    title="Correct pictures, clusters in two dimensions",
    alt=_CLUSTERS_ALT,
    caption="The correctly classified pictures nearest to the centre of each cluster, with their Grad-CAM and "
    "occlusion maps.",
    group=VariantGroup.SALIENCY,
    panel="gradcam-2d-correct",
)
@draws(
    "gradcam-full-misclassified.jpg",
    title="Misclassified pictures, clusters in the full space",
    alt=_CLUSTERS_ALT,
    caption="The misclassified pictures nearest to the centre of each cluster of the full space, with their Grad-CAM "
    "and occlusion maps.",
    group=VariantGroup.SALIENCY,
    panel="gradcam-full-misclassified",
)
@draws(
    "gradcam-full-correct.jpg",
    title="Correct pictures, clusters in the full space",
    alt=_CLUSTERS_ALT,
    caption="The correctly classified pictures nearest to the centre of each cluster of the full space, with their "
    "Grad-CAM and occlusion maps.",
    group=VariantGroup.SALIENCY,
    panel="gradcam-full-correct",
)
@draws(
    "panel-correct.jpg",
    title="Correct predictions",
    alt=_PANEL_ALT,
    caption="Correctly classified pictures, sampled evenly over the true classes, with their Grad-CAM and occlusion "
    "maps.",
    group=VariantGroup.SALIENCY,
    panel="panel-correct",
)
@draws(
    "panel-misclassified.jpg",
    title="Errors",
    alt=_PANEL_ALT,
    caption="Misclassified pictures, sampled evenly over the true classes, with their Grad-CAM and occlusion maps.",
    group=VariantGroup.SALIENCY,
    panel="panel-misclassified",
)
@draws(
    "panel-confident-errors.jpg",
    title="The most confident errors",
    alt=_PANEL_ALT,
    caption="The misclassified pictures whose wrong class has the highest probability, the highest first, with their "
    "Grad-CAM and occlusion maps.",
    group=VariantGroup.SALIENCY,
    panel="panel-confident-errors",
)
def saliency_panel(heatmaps: Mapping[str, np.ndarray], panel: str, target: Path) -> None:
    """Draw the pictures of a panel, each beside its Grad-CAM heatmap and its occlusion map.

    If the panel has clusters, each row shows one cluster.

    Parameters
    ----------
    heatmaps : for each picture, `label`, `predicted`, `probability`, `picture` (uint8 [side, side, 3]), `heat` ([side,
        side], 0 to 1) and `occlusion` ([side, side], -1 to 1); for each place in a panel, `shown_panel`,
        `shown_cluster` (-1 if the panel has no clusters) and `shown_row`, the index of the picture
    panel : a name in `shown_panel`; all its pictures are correct if the name ends in `correct`, otherwise misclassified
    """
    places = np.flatnonzero(heatmaps["shown_panel"] == panel)
    outcome = "correct" if panel.endswith("correct") else "misclassified"
    if not len(places):
        say_instead(f"No test picture is {outcome}.", target)
        return
    cluster_of, rows = heatmaps["shown_cluster"][places], heatmaps["shown_row"][places]
    clusters = np.unique(cluster_of)
    groups = [rows[cluster_of == cluster] for cluster in clusters]
    clustered = cluster_of[0] >= 0
    if not clustered:
        groups = [rows[start : start + ACROSS] for start in range(0, len(rows), ACROSS)]
    titles = {row: _titles(heatmaps, row) for row in rows}
    ink = KNOWN["misclassified"] if outcome == "misclassified" else "black"
    # The layout is in pixels, because one canvas of tiles takes a tenth of the time of as many axes. Tiles begin at
    # multiples of 16 pixels, where the blocks of JPEG begin, which makes the file a quarter smaller.
    words = 16 * max(line.count("\n") + 1 for pair in titles.values() for line in pair)
    step, margin = TILE + 16, 32 if clustered else 16
    across, down, head = 3 * step + 16, 2 * words + step, 48
    width, height = margin + max(map(len, groups)) * across, head + len(groups) * down
    canvas, figure, write = tile_canvas(width, height)
    _write_key(write, margin)
    for number, group in enumerate(groups):
        top = head + number * down + 2 * words
        if clustered:
            write(18, top + TILE / 2, f"cluster {clusters[number]}", rotation=90, ha="center", va="center")
        for position, row in enumerate(group):
            left = margin + position * across
            write(left, top - words - 2, titles[row][0])
            write(left, top - 2, titles[row][1], color=ink)
            tiles = _tiles(heatmaps["picture"][row], heatmaps["heat"][row], heatmaps["occlusion"][row])
            for column, tile in enumerate(tiles):
                canvas[top : top + TILE, left + column * step : left + column * step + TILE, :3] = tile
    figure.figimage(canvas)
    save_figure(figure, target, dpi=96, trim=False)


def _write_key(write: Callable[..., None], left: float) -> None:
    """Write the names of the three tiles of a picture, and the meaning of their colours."""
    soft = "#555555"
    for column, (name, meaning) in enumerate((("picture", ""), ("Grad-CAM", "bright: supports"), ("occlusion", ""))):
        write(left + column * (TILE + 16), 18, name, weight="bold")
        write(left + column * (TILE + 16), 34, meaning, color=soft)
    middle = left + 2 * (TILE + 16)
    write(middle, 34, "■", color="#E08214")
    write(middle + 10, 34, "supports", color=soft)
    write(middle + 54, 34, "■", color="#8073AC")
    write(middle + 64, 34, "opposes", color=soft)


def _titles(heatmaps: Mapping[str, np.ndarray], row: int) -> tuple[str, str]:
    predicted = f"predicted: {heatmaps['predicted'][row]}, {heatmaps['probability'][row]:.0%}"
    return folded(f"true: {heatmaps['label'][row]}"), folded(predicted)


def _tiles(picture: np.ndarray, heat: np.ndarray, occlusion: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A uint8 picture by itself, under its heatmap, and under its occlusion map, each uint8 [`TILE`, `TILE`, 3]."""
    from PIL import Image

    from brushprint.saliency.overlay import under_heat, under_occlusion

    large = resized(picture, TILE)
    smooth, patches = (
        np.asarray(Image.fromarray(values.astype(np.float32)).resize((TILE, TILE), method))
        for values, method in ((heat, Image.Resampling.BILINEAR), (occlusion, Image.Resampling.NEAREST))
    )
    return large, under_heat(large, smooth), under_occlusion(large, patches)


@draws(
    "regions.png",
    title="Heat by region",
    alt="For each region of the picture, a point with its interval for the heat beyond its area, beside marks for "
    "three baselines.",
    caption="How much more of the heat than of the area each region holds, over all test pictures. An effect does "
    "not count if networks with random weights, pictures upside down or a flat grey picture show it as well. Plain: "
    "the half of a picture with the least detail. Faces: the areas that a face detector marked.",
    group=VariantGroup.SALIENCY,
)
def heat_by_region(region_effects: pd.DataFrame, target: Path) -> None:
    """Draw the heat of each region beyond its share of the area, in percentage points, beside the null models.

    The figure covers all test pictures. `region_effects` is the result of `brushprint.saliency.regions.effects`.
    """
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch
    from matplotlib.ticker import FuncFormatter

    of_all = (region_effects["by"] == "all") & (region_effects["pictures"] > 0)
    rows = region_effects[of_all].reset_index(drop=True)
    if rows.empty:
        say_instead("No test picture has a heatmap with any heat.", target)
        return
    figure = new_figure((9.4, 0.42 * len(rows) + 1.4))
    axis = figure.subplots()
    over = rows[["flipped", "grey", "random_low", "random_high"]].sub(rows["area"], axis=0)
    ends = rows[["over_area_low", "over_area_high"]]
    shown = over[["flipped", "grey"]].join(ends).abs().max().max()
    widest = over[["random_low", "random_high"]].abs().max().max()
    # The axis is as wide as the null models, but not so wide that the points become indistinguishable.
    limit = max(0.05, 1.15 * np.nanmax([shown, min(widest, 3 * shown)]))
    places = np.arange(len(rows))
    low, high = (over[f"random_{end}"].fillna(0).clip(-limit, limit) for end in ("low", "high"))
    axis.barh(places, high - low, left=low, height=0.62, color="#E4E4E4", zorder=0)
    axis.axvline(0, color="#444444", lw=1, zorder=1)
    axis.scatter(over["grey"], places, marker="x", s=34, color="#777777", zorder=2)
    axis.scatter(over["flipped"], places, marker="v", s=34, color=COLOURS[4], zorder=2)
    error = (rows["over_area_high"] - rows["over_area"]).clip(lower=0)
    axis.errorbar(rows["over_area"], places, xerr=error, fmt="o", ms=6, color=COLOURS[0], capsize=3, zorder=3)
    for place, row in enumerate(rows.itertuples()):
        finding = row.effect != "none"
        words = f"{row.effect} than all baselines" if finding else row.why
        weight, colour = ("bold", COLOURS[0]) if finding else ("normal", "#555555")
        axis.text(1.02, place, words, transform=axis.get_yaxis_transform(), va="center", color=colour, weight=weight)
    axis.set_yticks(places, [f"{row.region} ({row.area:.0%} of the area)" for row in rows.itertuples()])
    axis.set(xlim=(-limit, limit), ylim=(len(rows) - 0.4, -0.6), xlabel="heat minus area, in points")
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:+.3g}" if value else "0"))
    axis.spines["left"].set_visible(False)
    axis.tick_params(axis="y", length=0)
    marks = [
        Line2D([], [], marker="o", ls="", color=COLOURS[0], label="the network, with its 95 % interval"),
        Line2D([], [], marker="v", ls="", color=COLOURS[4], label="pictures upside down"),
        Line2D([], [], marker="x", ls="", color="#777777", label="a flat grey picture"),
        Patch(color="#E4E4E4", label="where one more network with random weights would lie"),
    ]
    figure.legend(handles=marks, loc="outside upper left", ncols=2, fontsize=9)
    save_figure(figure, target)


@draws(
    "mean-maps.png",
    title="Mean heatmaps",
    alt="Small heatmaps in rows: the baselines, then groups of pictures by outcome, origin, source, style and cluster.",
    caption="The mean heatmap of all test pictures beside its baselines, then of groups of pictures. Under each map: "
    "the number of pictures, and the share of the heat in the lower third of the picture.",
    group=VariantGroup.SALIENCY,
)
def mean_heatmaps(mean_maps: pd.DataFrame, region_effects: pd.DataFrame, target: Path) -> None:
    """Draw the mean heatmaps of all test pictures, of the null models, and of groups of pictures, on one scale.

    Under each map is the number of pictures and, except for null models, the share of the heat in the lower third.
    `mean_maps` is a result of `brushprint.saliency.profiles.profiles`, and `region_effects` is the result of
    `brushprint.saliency.regions.effects`.
    """
    from PIL import Image

    from brushprint.saliency.overlay import coloured

    hot = mean_maps[mean_maps["pictures"] > 0]
    if hot.empty:
        say_instead("No test picture has a heatmap with any heat.", target)
        return
    lower = region_effects[region_effects["region"] == "lower"].set_index(["by", "value"])["share"]
    nulls = hot[hot["by"] == "all"].set_index("condition").reindex(list(NULLS)).dropna(subset="pictures").reset_index()
    lines = [("all", [(NULLS[row.condition], row) for row in nulls.itertuples()])]
    for by, title in KINDS.items():
        group = hot[(hot["by"] == by)].sort_values("pictures", ascending=False, kind="stable").head(MOST)
        tiles = [(str(row.value), row) for row in group.sort_values("value").itertuples()]
        lines += [(title, tiles[start : start + MAPS_ACROSS]) for start in range(0, len(tiles), MAPS_ACROSS)]
    heat = np.stack([row.map for _, tiles in lines for _, row in tiles])
    # The limit is relative to evenly spread heat, which is 1 everywhere.
    limit = float(np.quantile(heat, 0.995)) * heat.shape[1]
    # The layout is in pixels, as in `saliency_panel`, because so many axes would take seconds to lay out.
    side, margin, head, above, below = 96, 112, 40, 30, 34
    width = margin + MAPS_ACROSS * (side + 16)
    height = head + len(lines) * (above + side + below)
    canvas, figure, write = tile_canvas(width, height)
    canvas[14:26, margin : margin + 256, :3] = coloured(np.linspace(0, 1, 256))
    write(margin - 8, 26, "0", ha="right")
    write(margin + 264, 26, f"{limit:.1f} times as much heat as if it were spread evenly")
    for down, (title, tiles) in enumerate(lines):
        top = head + down * (above + side + below) + above
        write(4, top + side / 2, "\n".join(wrap(title, 16)), va="center")
        for across, (name, row) in enumerate(tiles):
            left = margin + across * (side + 16)
            size = int(np.sqrt(len(row.map)))
            large = Image.fromarray(np.reshape(row.map, (size, size)) * size**2 / limit).resize((side, side))
            canvas[top : top + side, left : left + side, :3] = coloured(np.asarray(large))
            share = lower.get((row.by, row.value)) if row.condition == "trained" else None
            part = f"; lower {share:.0%}" if share is not None and np.isfinite(share) else ""
            write(left, top - 2, _in_two_lines(name))
            write(left, top + side + 16, f"{row.pictures:,}{part}", color="#555555")
    figure.figimage(canvas)
    save_figure(figure, target, dpi=96, colours=64)


def _in_two_lines(name: str) -> str:
    return "\n".join(wrap(spaced(name), 15, max_lines=2, placeholder="…"))


@draws(
    "faithfulness.png",
    title="Faithfulness",
    alt="Line charts of the probability of the prediction as the picture is hidden or shown, and of the similarity of "
    "the maps as layers are randomised.",
    caption="If a map is faithful, hiding its hottest parts changes the prediction sooner than hiding random parts, "
    "and showing them restores it sooner. If a map depends on what the network learned, its similarity to the original "
    "map falls as layers get random weights.",
    group=VariantGroup.SALIENCY,
)
def faithfulness_tests(faithfulness: Mapping[str, Any], target: Path) -> None:
    """Draw two tests of the maps: hide or show the hottest parts of pictures, and randomise layers.

    The first test shows the probability of the prediction, the second the similarity of the maps. `faithfulness` is the
    result of `brushprint.saliency.faithfulness.judged`; its key `cascade` holds the result of
    `brushprint.saliency.faithfulness.cascade`.
    """
    if not faithfulness["pictures"]:
        say_instead("Faithfulness could not be measured on any test picture.", target)
        return
    figure = new_figure((13, 3.7))
    axes = figure.subplots(1, 3)
    curves = faithfulness["curves"]
    for axis, way, title in (
        (axes[0], "deletion", "Hiding the hottest parts"),
        (axes[1], "insertion", "Showing the hottest parts"),
    ):
        for name, label, colour in (
            ("gradcam", "by Grad-CAM", COLOURS[0]),
            ("random", "by random maps", "#888888"),
        ):
            axis.plot(faithfulness["shares"], curves[f"{name}_{way}"], marker="o", ms=3.5, color=colour, label=label)
        better = faithfulness[way]["better"]
        axis.set_title(f"{title}:\n{_difference(better)}", fontsize=10)
        axis.set(xlabel=f"share {'hidden' if way == 'deletion' else 'shown'}", ylim=(0, 1.02))
        percentages(axis.xaxis, axis.yaxis)
    axes[0].set_ylabel("probability of the prediction")
    axes[0].legend(fontsize=9)
    _draw_cascade(axes[2], faithfulness["cascade"])
    save_figure(figure, target)


def _difference(better: Mapping[str, float]) -> str:
    if better["low"] is None:
        return "no difference from random maps"
    points = [100 * better[name] for name in ("value", "low", "high")]
    return "{:+.1f} points ({:.1f} to {:.1f}) against random maps".format(*points)


def _draw_cascade(axis: Axes, cascade: Mapping[str, Any]) -> None:
    """Draw how similar the maps remain to the original maps as layers get random weights, from the last layer down."""
    stages = cascade["stages"]
    values = [stage["similarity"] for stage in stages]
    mean, low, high = (np.array([value[name] for value in values], dtype=float) for name in ("value", "low", "high"))
    places = np.arange(len(stages))
    axis.errorbar(places, mean, yerr=np.maximum(high - mean, 0), marker="o", ms=4, capsize=3, color=COLOURS[0])
    chance = cascade["chance"]
    if chance["value"] is not None:
        axis.axhline(chance["value"], color="#888888", ls=":", label="maps of two different pictures")
        axis.legend(fontsize=9)
    axis.set_title("Similarity to the original maps, as layers\nget random weights from the last one down", fontsize=10)
    axis.set_xticks(places, ["none", *map(_randomised, stages[1:])], rotation=40, ha="right", fontsize=8)
    lowest = np.nanmin(low) - 0.05 if np.isfinite(low).any() else -0.25
    axis.set(ylabel="rank correlation", ylim=(min(-0.25, lowest), 1.08))


def _randomised(stage: Mapping[str, Any]) -> str:
    layers: Sequence[str] = stage["layers"]
    return layers[-1] if len(layers) == 1 else f"to {layers[-1]}"
