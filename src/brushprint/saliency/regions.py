"""Regions of a picture, and what the heat in them says beside what nulls give; see `brushprint.saliency.profiles`."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from brushprint.data.taxonomy import REGIONS
from brushprint.stats.intervals import FEWEST, MEANINGFUL, Interval, deviation, of_mean, prediction_interval

CONDITIONS = ("trained", "random", "flipped", "grey")

# Heat is measured on a grid of so many rows and columns, which thirds and halves divide; mean maps are coarser.
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
# `plain` is the half of a picture with the least detail, `faces` what its faces cover.
OWN = tuple(name for name in REGIONS if name not in FIXED)


def effects(shares: pd.DataFrame, table: pd.DataFrame, groups: Iterable[str]) -> pd.DataFrame:
    """What the shares of `profiles` say of groups of pictures.

    Parameters
    ----------
    shares : see `Profiles`
    table : columns `image_id` and `groups`, as given to `profiles`

    Returns
    -------
    A row a group and region: `by` ("all" or a column of `groups`), `value`, `region`, `pictures` (whose map has heat
    and whose share is known) and, all of them shares of the heat:

    - `share`, the mean of the trained network, with `share_low` and `share_high`; `area`, what heat spread evenly gives
    - `over_area`, the mean of share less area, with its interval, and `cohens_d`, that by its standard deviation
    - `random`, the mean over networks with random weights, and `random_low`, `random_high`, between which one more such
      network would lie (19 of 20 times)
    - `over_grey`, the mean of share less that of a grey picture, with its interval; `grey`, the latter, or
      the area where that picture has no heat
    - `flipped`, the mean share upside down; `follows`, what of the effect follows the picture when it is turned: for
      the upper and lower third half the difference between upright and flipped, for the others the effect that is left
      upside down; with its interval
    - `found`: "more" or "less" than all nulls and the area, or "none"; `why` not

    Intervals are of 95 %, of means, by Student's t. Fewer than `FEWEST` pictures find nothing.
    """
    parts = {condition: part.set_index("image_id") for condition, part in shares.groupby("condition")}
    known = {name: part[list(REGIONS)].reindex(table["image_id"]).to_numpy() for name, part in parts.items()}
    network = parts["random"]["network"].reindex(table["image_id"]).to_numpy()
    areas = np.empty((len(table), len(REGIONS)))
    areas[:, : len(FIXED)] = [float(mask.mean()) for mask in FIXED.values()]
    areas[:, len(FIXED) :] = np.column_stack(
        [np.full(len(table), 0.5), parts["trained"]["faces_area"].reindex(table["image_id"])]
    )
    found = []
    for by in ("all", *groups):
        values = pd.Series("all", index=table.index) if by == "all" else table[by].astype("string")
        for value in sorted(values.dropna().unique()):
            inside = (values == value).fillna(False).to_numpy()
            of = {condition: values[inside] for condition, values in known.items()}
            effect = _effect(of, areas[inside], network[inside])
            effect.insert(0, "by", by)
            effect.insert(1, "value", value)
            found.append(effect)
    return pd.concat(found, ignore_index=True)


def _effect(of: dict[str, np.ndarray], area: np.ndarray, network: np.ndarray) -> pd.DataFrame:
    """A row a region; arrays are [pictures, regions], `network` is [pictures]."""
    share, flipped = of["trained"], of["flipped"]
    # A grey picture without any heat prefers no part.
    grey = np.where(np.isfinite(of["grey"]), of["grey"], area)
    hot = np.isfinite(share)
    above = share - area
    over = of_mean(above)
    # Each network counts once, with the mean over its pictures.
    low, high = prediction_interval(pd.DataFrame(of["random"]).groupby(network).mean().to_numpy())
    mirrored = np.isin(REGIONS, ("upper", "lower"))
    told = pd.DataFrame(
        {
            "region": REGIONS,
            "pictures": hot.sum(0),
            **_named("share", of_mean(share)),
            "area": of_mean(np.where(hot, area, np.nan)).value,
            **_named("over_area", over),
            "cohens_d": over.value / np.where(deviation(above) > 0, deviation(above), np.nan),
            "random": of_mean(of["random"]).value,
            "random_low": low,
            "random_high": high,
            "grey": of_mean(np.where(hot, grey, np.nan)).value,
            **_named("over_grey", of_mean(share - grey)),
            "flipped": of_mean(flipped).value,
            **_named("follows", of_mean(np.where(mirrored, (share - flipped) / 2, flipped - area))),
        }
    )
    verdicts = [_verdict(row._asdict()) for row in told.itertuples()]
    return told.assign(found=[found for found, _ in verdicts], why=[why for _, why in verdicts])


def _verdict(told: dict[str, Any]) -> tuple[str, str]:
    if told["pictures"] < FEWEST:
        return "none", f"fewer than {FEWEST} pictures"
    sign = np.sign(told["over_area"])
    refuted = {
        "no more or less than its area": not _beyond(told, "over_area", sign),
        "less than two points": abs(told["over_area"]) < MEANINGFUL,
        "networks with random weights differ as much": not (
            told["share"] > told["random_high"] if sign > 0 else told["share"] < told["random_low"]
        ),
        "a grey picture has it too": not _beyond(told, "over_grey", sign),
        "not so with the picture upside down": not _beyond(told, "follows", sign),
    }
    reasons = [reason for reason, holds in refuted.items() if holds]
    if reasons:
        return "none", reasons[0]
    return ("more" if sign > 0 else "less"), ""


def _beyond(told: dict[str, Any], name: str, sign: float) -> bool:
    return told[f"{name}_low"] > 0 if sign > 0 else told[f"{name}_high"] < 0


def _named(name: str, interval: Interval) -> dict[str, np.ndarray]:
    return {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}
