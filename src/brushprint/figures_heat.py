"""The figures of where the heat lies, and of whether the maps are honest; as `brushprint.figures` has them."""

from collections.abc import Sequence
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

from brushprint.figures import COLOURS
from brushprint.figures import _save as save
from brushprint.figures import _say as say
from brushprint.figures import _words as words

# How many mean maps stand side by side, and how many of one kind are drawn.
ACROSS, MOST = 10, 20
KINDS = {
    "outcome": "by outcome",
    "source": "by source",
    "style": "by style",
    "full cluster": "by cluster of the full space",
}
NULLS = {"trained": "trained", "flipped": "upside down", "random": "random weights", "grey": "grey picture"}


def regions(effects: pd.DataFrame, target: Path) -> None:
    """How much more heat each region has than its area, in points, beside the nulls; of all pictures together.

    `effects` is what `brushprint.regions.effects` gives.
    """
    rows = effects[(effects["by"] == "all") & (effects["pictures"] > 0)].reset_index(drop=True)
    if rows.empty:
        say("No test picture has a heatmap with any heat.", target)
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
    save(figure, target)


def mean_maps(maps: pd.DataFrame, effects: pd.DataFrame, target: Path) -> None:
    """The mean heatmap of all test pictures and of its nulls, and of groups of pictures, on one scale.

    Under each: how many pictures, and the share of the heat in the lower third. `maps` and `effects` are what
    `brushprint.regions` gives.
    """
    hot = maps[maps["pictures"] > 0]
    if hot.empty:
        say("No test picture has a heatmap with any heat.", target)
        return
    lower = effects[effects["region"] == "lower"].set_index(["by", "value"])["share"]
    nulls = hot[hot["by"] == "all"].set_index("condition").reindex(list(NULLS)).dropna(subset="pictures").reset_index()
    lines = [("all", [(NULLS[row.condition], row) for row in nulls.itertuples()])]
    for by, title in KINDS.items():
        group = hot[(hot["by"] == by)].sort_values("pictures", ascending=False, kind="stable").head(MOST)
        tiles = [(str(row.value), row) for row in group.sort_values("value").itertuples()]
        lines += [(title, tiles[start : start + ACROSS]) for start in range(0, len(tiles), ACROSS)]
    heat = [np.asarray(row.map) for _, tiles in lines for _, row in tiles]
    side = int(np.sqrt(len(heat[0])))
    limit = float(np.quantile(np.concatenate(heat), 0.995)) * side**2
    across = max(len(tiles) for _, tiles in lines)
    figure, axes = plt.subplots(
        len(lines),
        across,
        figsize=(1.25 * across + 0.9, max(2.6, 1.72 * len(lines))),
        squeeze=False,
        layout="constrained",
    )
    for axis in axes.flat:
        axis.axis("off")
    for line, (title, tiles) in zip(axes, lines, strict=True):
        for axis, (name, row) in zip(line, tiles, strict=False):
            share = lower.get((row.by, row.value)) if row.condition == "trained" else None
            image = axis.imshow(np.reshape(row.map, (side, side)) * side**2, cmap="inferno", vmin=0, vmax=limit)
            axis.set_title(_in_two_lines(name), fontsize=7, loc="center", pad=2)
            said = f"{row.pictures:,}" + (f"; lower {share:.0%}" if share is not None and np.isfinite(share) else "")
            axis.text(0.5, -0.04, said, transform=axis.transAxes, ha="center", va="top", fontsize=7)
        place = {"rotation": 90, "ha": "right", "va": "center", "transform": line[0].transAxes}
        line[0].text(-0.08, 0.5, title.replace(" of", "\nof"), fontsize=8, **place)
    figure.colorbar(image, ax=axes, shrink=min(1, 2.2 / len(lines)), label="heat (1: spread evenly)", pad=0.01)
    save(figure, target)


def _in_two_lines(name: str) -> str:
    return "\n".join(wrap(words(name), 15, max_lines=2, placeholder="…"))


def faithfulness(summary: dict[str, Any], target: Path) -> None:
    """What hiding and showing the hot parts does to the answer, and what randomising the layers does to the maps.

    `summary` is what `brushprint.faithfulness` gives: `judged`, with `cascade`.
    """
    if not summary["pictures"]:
        say("No test picture could be checked.", target)
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
    save(figure, target)


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
