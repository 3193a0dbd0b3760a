"""Regions of a picture, and how their heat differs from the heat of nulls; see `brushprint.saliency.profiles`."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from brushprint.data.taxonomy import REGIONS
from brushprint.stats.intervals import (
    DIFFERENCE,
    FEWEST,
    MEANINGFUL,
    SHARE,
    Interval,
    deviation,
    of_mean,
    prediction_interval,
)

CONDITIONS = ("trained", "random", "flipped", "grey")

# The side of the grid on which heat is measured (divisible by 2 and 3), and the side of the coarser mean maps.
GRID, MAP = 48, 24


def _mask(rows: slice, columns: slice) -> np.ndarray:
    mask = np.zeros((GRID, GRID))
    mask[rows, columns] = 1
    return mask


_ALL, _FIRST, _LAST = slice(None), slice(0, GRID // 2), slice(GRID // 2, None)
_INNER = slice(GRID // 6, -GRID // 6)
FIXED = {
    "upper": _mask(slice(0, GRID // 3), _ALL),
    "middle": _mask(slice(GRID // 3, 2 * GRID // 3), _ALL),
    "lower": _mask(slice(2 * GRID // 3, None), _ALL),
    "left": _mask(_ALL, _FIRST),
    "right": _mask(_ALL, _LAST),
    "lower right": _mask(_LAST, _LAST),
    "centre": _mask(_INNER, _INNER),
    "border": 1 - _mask(_INNER, _INNER),
}
# These regions differ by picture: `plain` is the half with the least detail, `faces` the part that faces cover.
OWN = tuple(name for name in REGIONS if name not in FIXED)


def effects(shares: pd.DataFrame, table: pd.DataFrame, groups: Iterable[str]) -> pd.DataFrame:
    """Summarise the shares of heat in each region for groups of pictures, and compare them with the nulls.

    Parameters
    ----------
    shares : see `brushprint.saliency.profiles.profiles`
    table : the columns `image_id` and `groups`, from the table that `profiles` received
    groups : columns of `table`

    Returns
    -------
    A row per group and region: `by` ("all" or a column of `groups`), `value`, `region`, `pictures` (the number of those
    whose map has heat and whose share is known) and the following measures, which are shares of the heat except where
    noted:

    - `share`, the mean for the trained network, with `share_low` and `share_high`; `area`, the share that the region
      would have if heat were spread evenly
    - `over_area`, the mean of share minus area, with its interval; `cohens_d`, that mean divided by the standard
      deviation of share minus area (not a share)
    - `random`, the mean over networks with random weights; `random_low` and `random_high`, the 95 % prediction interval
      for one more such network
    - `grey`, the mean share for a grey picture; if a grey picture has no heat, the area takes the place of its share
    - `over_grey`, the mean of the share minus the grey picture's share, with its interval
    - `flipped`, the mean share with the picture upside down
    - `follows`, the part of the effect that follows the picture when it is turned upside down, with its interval: for
      the upper and the lower third, half the difference between upright and flipped; for other regions, the flipped
      share minus area
    - `effect`, "more" if the share exceeds the area by at least `MEANINGFUL` and exceeds all baselines, "less" if it is
      correspondingly lower, otherwise "none"; `why`, the reason for "none", otherwise empty

    Intervals are 95 % intervals of means, by Student's t. With fewer than `FEWEST` pictures, `effect` is "none".
    """
    ids = table["image_id"]
    conditions = {condition: part.set_index("image_id") for condition, part in shares.groupby("condition")}
    by_condition = {name: part[list(REGIONS)].reindex(ids).to_numpy() for name, part in conditions.items()}
    network = conditions["random"]["network"].reindex(ids).to_numpy()
    areas = np.empty((len(table), len(REGIONS)))
    areas[:, : len(FIXED)] = [float(mask.mean()) for mask in FIXED.values()]
    areas[:, len(FIXED) :] = np.column_stack(
        [np.full(len(table), 0.5), conditions["trained"]["faces_area"].reindex(ids)]
    )
    parts = []
    for by in ("all", *groups):
        values = pd.Series("all", index=table.index) if by == "all" else table[by].astype("string")
        for value in sorted(values.dropna().unique()):
            inside = (values == value).fillna(False).to_numpy()
            chosen = {condition: known[inside] for condition, known in by_condition.items()}
            effect = _effect(chosen, areas[inside], network[inside])
            effect.insert(0, "by", by)
            effect.insert(1, "value", value)
            parts.append(effect)
    return pd.concat(parts, ignore_index=True)


def _effect(shares: dict[str, np.ndarray], area: np.ndarray, network: np.ndarray) -> pd.DataFrame:
    """A row per region; `shares` (for each condition) and `area` are [pictures, regions], `network` is [pictures]."""
    share, flipped = shares["trained"], shares["flipped"]
    # If a grey picture has no heat, it prefers no region, so the area takes the place of its share.
    grey = np.where(np.isfinite(shares["grey"]), shares["grey"], area)
    hot = np.isfinite(share)
    above = share - area
    over = of_mean(above, DIFFERENCE)
    # Each random network counts once, with the mean over its pictures.
    low, high = prediction_interval(pd.DataFrame(shares["random"]).groupby(network).mean().to_numpy(), SHARE)
    mirrored = np.isin(REGIONS, ("upper", "lower"))
    effect = pd.DataFrame(
        {
            "region": REGIONS,
            "pictures": hot.sum(0),
            **_named("share", of_mean(share, SHARE)),
            "area": of_mean(np.where(hot, area, np.nan), SHARE).value,
            **_named("over_area", over),
            "cohens_d": over.value / np.where(deviation(above) > 0, deviation(above), np.nan),
            "random": of_mean(shares["random"], SHARE).value,
            "random_low": low,
            "random_high": high,
            "grey": of_mean(np.where(hot, grey, np.nan), SHARE).value,
            **_named("over_grey", of_mean(share - grey, DIFFERENCE)),
            "flipped": of_mean(flipped, SHARE).value,
            **_named("follows", of_mean(np.where(mirrored, (share - flipped) / 2, flipped - area), DIFFERENCE)),
        }
    )
    verdicts = [_verdict(row._asdict()) for row in effect.itertuples()]
    return effect.assign(effect=[verdict for verdict, _ in verdicts], why=[why for _, why in verdicts])


def _verdict(effect: dict[str, Any]) -> tuple[str, str]:
    if effect["pictures"] < FEWEST:
        return "none", f"fewer than {FEWEST} pictures"
    sign = np.sign(effect["over_area"])
    refuted = {
        "no difference from the area": not _beyond(effect, "over_area", sign),
        "less than two points from the area": abs(effect["over_area"]) < MEANINGFUL,
        "networks with random weights show it too": not (
            effect["share"] > effect["random_high"] if sign > 0 else effect["share"] < effect["random_low"]
        ),
        "a grey picture shows it too": not _beyond(effect, "over_grey", sign),
        "it disappears when the picture is upside down": not _beyond(effect, "follows", sign),
    }
    reasons = [reason for reason, holds in refuted.items() if holds]
    if reasons:
        return "none", reasons[0]
    return ("more" if sign > 0 else "less"), ""


def _beyond(effect: dict[str, Any], name: str, sign: float) -> bool:
    return effect[f"{name}_low"] > 0 if sign > 0 else effect[f"{name}_high"] < 0


def _named(name: str, interval: Interval) -> dict[str, np.ndarray]:
    return {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}
