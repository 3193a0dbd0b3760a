"""The figures of where a network looks: maps, where their heat lies, whether they are honest."""

from collections.abc import Callable, Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, PercentFormatter
from PIL import Image

from brushprint.figures.style import COLOURS, KNOWN, folded, save_figure, say_instead, spaced, tile_canvas
from brushprint.saliency.overlay import coloured, under_heat, under_occlusion

# Side of a picture in a panel of heatmaps, in pixels, and pictures a row of it where they are in no clusters.
TILE = 80
ACROSS = 3
# How many mean maps stand side by side, and how many of one kind are drawn.
MAPS_ACROSS, MOST = 10, 20
KINDS = {
    "outcome": "by outcome",
    "origin": "by origin",
    "source": "by source",
    "style": "by style",
    "full cluster": "by cluster of the full space",
}
NULLS = {"trained": "trained", "flipped": "upside down", "random": "random weights", "grey": "grey picture"}


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
        say_instead(f"No test picture is {outcome}.", target)
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
    canvas, figure, write = tile_canvas(width, height)
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
    save_figure(figure, target, dpi=96, trim=False)


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
    return folded(f"true: {shown['label'][row]}"), folded(said)


def _tiles(picture: np.ndarray, heat: np.ndarray, hidden: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A uint8 picture, alone, under its heatmap and under its occlusion map, each [`TILE`, `TILE`, 3]."""
    large = np.asarray(Image.fromarray(picture).resize((TILE, TILE), Image.Resampling.BICUBIC))
    heat, hidden = (
        np.asarray(Image.fromarray(given.astype(np.float32)).resize((TILE, TILE), how))
        for given, how in ((heat, Image.Resampling.BILINEAR), (hidden, Image.Resampling.NEAREST))
    )
    return large, under_heat(large, heat), under_occlusion(large, hidden)


def regions(effects: pd.DataFrame, target: Path) -> None:
    """How much more heat each region has than its area, in points, beside the nulls; of all pictures together.

    `effects` is what `brushprint.saliency.regions.effects` gives.
    """
    rows = effects[(effects["by"] == "all") & (effects["pictures"] > 0)].reset_index(drop=True)
    if rows.empty:
        say_instead("No test picture has a heatmap with any heat.", target)
        return
    figure, axis = plt.subplots(figsize=(9.4, 0.42 * len(rows) + 1.4))
    over = {name: rows[name] - rows["area"] for name in ("flipped", "grey", "random_low", "random_high")}
    shown = pd.concat([over["flipped"], over["grey"], rows["over_area_low"], rows["over_area_high"]]).abs().max()
    widest = pd.concat([over["random_low"], over["random_high"]]).abs().max()
    # As wide as the nulls are, but not so wide that the points cannot be told apart.
    limit = max(0.05, 1.15 * np.nanmax([shown, min(widest, 3 * shown)]))
    places = np.arange(len(rows))
    low, high = (over[f"random_{end}"].fillna(0).clip(-limit, limit) for end in ("low", "high"))
    axis.barh(places, high - low, left=low, height=0.62, color="#E4E4E4", zorder=0)
    axis.axvline(0, color="#444444", lw=1, zorder=1)
    axis.scatter(over["grey"], places, marker="x", s=34, color="#777777", zorder=2)
    axis.scatter(over["flipped"], places, marker="v", s=34, color=COLOURS[4], zorder=2)
    error = (rows["over_area_high"] - rows["over_area"]).clip(lower=0)
    axis.errorbar(rows["over_area"], places, xerr=error, fmt="o", ms=6, color=COLOURS[0], capsize=3, zorder=3)
    for place, row in zip(places, rows.itertuples(), strict=True):
        told = f"{row.found} than all nulls" if row.found != "none" else row.why
        weight, colour = ("bold", COLOURS[0]) if row.found != "none" else ("normal", "#555555")
        axis.text(1.02, place, told, transform=axis.get_yaxis_transform(), va="center", color=colour, weight=weight)
    axis.set_yticks(places, [f"{row.region} ({row.area:.0%} of the area)" for row in rows.itertuples()])
    axis.set(xlim=(-limit, limit), ylim=(len(rows) - 0.4, -0.6), xlabel="heat beyond the area's share, in points")
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:+.3g}" if value else "0"))
    axis.spines["left"].set_visible(False)
    axis.tick_params(axis="y", length=0)
    marks = [
        Line2D([], [], marker="o", ls="", color=COLOURS[0], label="the network, with its 95 % interval"),
        Line2D([], [], marker="v", ls="", color=COLOURS[4], label="pictures upside down"),
        Line2D([], [], marker="x", ls="", color="#777777", label="a flat grey picture"),
        Patch(color="#E4E4E4", label="where one more network with random weights lies"),
    ]
    figure.legend(handles=marks, loc="outside upper left", ncols=2, fontsize=9)
    save_figure(figure, target)


def mean_maps(maps: pd.DataFrame, effects: pd.DataFrame, target: Path) -> None:
    """The mean heatmap of all test pictures and of its nulls, and of groups of pictures, on one scale.

    Under each: how many pictures, and the share of the heat in the lower third. `maps` and `effects` are what
    `brushprint.saliency.regions` gives.
    """
    hot = maps[maps["pictures"] > 0]
    if hot.empty:
        say_instead("No test picture has a heatmap with any heat.", target)
        return
    lower = effects[effects["region"] == "lower"].set_index(["by", "value"])["share"]
    nulls = hot[hot["by"] == "all"].set_index("condition").reindex(list(NULLS)).dropna(subset="pictures").reset_index()
    lines = [("all", [(NULLS[row.condition], row) for row in nulls.itertuples()])]
    for by, title in KINDS.items():
        group = hot[(hot["by"] == by)].sort_values("pictures", ascending=False, kind="stable").head(MOST)
        tiles = [(str(row.value), row) for row in group.sort_values("value").itertuples()]
        lines += [(title, tiles[start : start + MAPS_ACROSS]) for start in range(0, len(tiles), MAPS_ACROSS)]
    heat = np.stack([row.map for _, tiles in lines for _, row in tiles])
    # Spread evenly, heat is 1 everywhere.
    limit = float(np.quantile(heat, 0.995)) * heat.shape[1]
    # In pixels, as `heatmaps`: so many axes take seconds to lay out.
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
            said = f"{row.pictures:,}" + (f"; lower {share:.0%}" if share is not None and np.isfinite(share) else "")
            write(left, top - 2, _in_two_lines(name))
            write(left, top + side + 16, said, color="#555555")
    figure.figimage(canvas)
    save_figure(figure, target, dpi=96, colours=64)


def _in_two_lines(name: str) -> str:
    return "\n".join(wrap(spaced(name), 15, max_lines=2, placeholder="…"))


def faithfulness(summary: dict[str, Any], target: Path) -> None:
    """What hiding and showing the hot parts does to the answer, and what randomising the layers does to the maps.

    `summary` is what `brushprint.saliency.faithfulness` gives: `judged`, with `cascade`.
    """
    if not summary["pictures"]:
        say_instead("No test picture could be checked.", target)
        return
    figure, axes = plt.subplots(1, 3, figsize=(13, 3.7))
    curves = summary["curves"]
    for axis, way, title in (
        (axes[0], "deletion", "Hiding the hottest parts"),
        (axes[1], "insertion", "Showing the hottest parts"),
    ):
        for name, label, colour in (
            ("gradcam", "by Grad-CAM", COLOURS[0]),
            ("random", "by random maps", "#888888"),
        ):
            axis.plot(summary["shares"], curves[f"{name}_{way}"], marker="o", ms=3.5, color=colour, label=label)
        better = summary[way]["better"]
        axis.set_title(f"{title}:\n{_signed(better)} than at random", fontsize=10)
        axis.set(xlabel=f"share {'hidden' if way == 'deletion' else 'shown'}", ylim=(0, 1.02))
        axis.xaxis.set_major_formatter(PercentFormatter(1))
        axis.yaxis.set_major_formatter(PercentFormatter(1))
    axes[0].set_ylabel("probability of the answer")
    axes[0].legend(fontsize=9)
    _cascade(axes[2], summary["cascade"])
    save_figure(figure, target)


def _signed(better: dict[str, float | None]) -> str:
    if better["low"] is None:
        return "not more telling"
    points = [100 * better[name] for name in ("value", "low", "high")]
    return "{:+.1f} points ({:.1f} to {:.1f}) more telling".format(*points)


def _cascade(axis: Axes, cascade: dict[str, Any]) -> None:
    stages = cascade["stages"]
    values = [stage["similarity"] for stage in stages]
    mean, low, high = (np.array([value[name] for value in values], dtype=float) for name in ("value", "low", "high"))
    places = np.arange(len(stages))
    axis.errorbar(places, mean, yerr=np.maximum(high - mean, 0), marker="o", ms=4, capsize=3, color=COLOURS[0])
    chance = cascade["chance"]
    if chance["value"] is not None:
        axis.axhline(chance["value"], color="#888888", ls=":", label="maps of two different pictures")
        axis.legend(fontsize=9)
    axis.set_title("Layers made random from the answer down:\nhow alike the maps stay", fontsize=10)
    axis.set_xticks(places, ["none", *map(_from, stages[1:])], rotation=40, ha="right", fontsize=8)
    axis.set(
        ylabel="rank correlation", ylim=(min(-0.25, np.nanmin(low) - 0.05) if np.isfinite(low).any() else -0.25, 1.08)
    )


def _from(stage: dict[str, Any]) -> str:
    layers: Sequence[str] = stage["layers"]
    return layers[-1] if len(layers) == 1 else f"to {layers[-1]}"
