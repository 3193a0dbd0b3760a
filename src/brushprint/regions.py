"""Where the heat lies: the share of Grad-CAM's heat in regions of every test picture, beside what nulls give.

A null is a map that cannot know what was learned or shown: of the same network with random weights (Adebayo et al.,
"Sanity Checks for Saliency Maps", NeurIPS 2018), of the picture upside down, and of a flat grey picture, whose heat
comes from the padding alone.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch.nn.functional import avg_pool2d, interpolate

from brushprint import networks
from brushprint.console import progress
from brushprint.gradcam import maps_of
from brushprint.intervals import LEVEL, Interval, of_mean, of_next
from brushprint.networks import Model

CONDITIONS = ("trained", "random", "flipped", "grey")

# Heat is measured on a grid of so many rows and columns, which thirds and halves divide; mean maps are coarser.
GRID, MAP = 48, 24


def _mask(rows: slice, columns: slice) -> torch.Tensor:
    mask = torch.zeros(GRID, GRID, dtype=torch.float64)
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
OWN = ("plain", "faces")
REGIONS = (*FIXED, *OWN)

# A difference of less than two points of a share says nothing to anybody, however sure it is.
MEANINGFUL = 0.02
# The null of random weights is judged once a region, and may be wrong once in twenty over all of them.
FAMILY = 1 - (1 - LEVEL) / len(REGIONS)
FEWEST = 10


class Profiles(NamedTuple):
    """What `profiles` measured."""

    shares: pd.DataFrame
    mean_maps: pd.DataFrame


class _Pass(NamedTuple):
    """One way of making a map of each of some pictures."""

    condition: str
    network: int
    pictures: np.ndarray
    maps: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    flip: bool = False


def profiles(
    model: Model,
    pixels: np.ndarray,
    table: pd.DataFrame,
    boxes: pd.DataFrame,
    *,
    groups: Sequence[str],
    random_networks: int,
    seed: int,
    device: str,
) -> Profiles:
    """Measure the heat of the predicted class on every picture of `table`, and on its nulls.

    Parameters
    ----------
    model : the trained network
    pixels : uint8 [rows, side, side, 3], maybe memory-mapped; read in batches
    table : columns `image_id`, `row` (of `pixels`), `predicted` (class name), and those of `groups`
    boxes : faces, see `brushprint.faces.find_faces`
    groups : columns whose values a mean map is wanted of; missing values have none
    random_networks : how many networks with random weights there are; each sees an equal part of the pictures
    seed : of their weights
    device : `cpu`, `cuda`, `mps` or `auto`

    Returns
    -------
    shares : a row a picture and condition (one of `CONDITIONS`): `image_id`, `condition`, `network` (which of the
        random ones, else 0), for each of `REGIONS` its share of the heat, from 0 to 1, and `faces_area`, the share of
        the picture that its faces cover. Missing: all shares where a map has no heat; `plain` of a picture of one
        colour; `faces` where none was found.
    mean_maps : a row a condition and group: `condition`, `by` ("all" or a column), `value`, `pictures` (with heat), and
        `map`, `MAP` x `MAP` float32 row by row, the mean of the pictures' maps, each of which adds up to 1; of the
        nulls only that of all pictures
    """
    where = networks.device(device)
    classes = torch.tensor([model.classes.index(name) for name in table["predicted"]])
    masks = _FaceMasks(table["image_id"], boxes)
    sums = _Sums(table, groups)
    batch = networks.batch(pixels.shape[1])
    rows, parts = table["row"].to_numpy(), []
    passes = list(_passes(model, classes, where, random_networks, seed))
    with progress(sum(len(one.pictures) for one in passes), "regions") as bar:
        for one in passes:
            for start in range(0, len(one.pictures), batch):
                chosen = one.pictures[start : start + batch]
                pictures = torch.from_numpy(pixels[rows[chosen]])
                own = torch.stack([_plain(pictures), masks.of(chosen)], dim=1)
                if one.flip:
                    pictures, own = pictures.flip(1), own.flip(2)
                heat = _on_grid(one.maps(pictures, classes[chosen]).cpu())
                parts.append(_shares(heat, own, one, chosen))
                sums.add(one.condition, chosen, heat)
                bar.update(len(chosen))
    shares = pd.concat(parts, ignore_index=True) if parts else _shares_of_none()
    shares.insert(0, "image_id", table["image_id"].to_numpy()[shares.pop("picture").to_numpy(dtype=np.int64)])
    shares["faces_area"] = shares["image_id"].map(masks.areas)
    return Profiles(shares, sums.means())


def _passes(
    model: Model, classes: torch.Tensor, device: torch.device, random_networks: int, seed: int
) -> Iterator[_Pass]:
    everything = np.arange(len(classes))
    side = model.about["image_size"]
    trained = partial(maps_of, model, device=device)
    yield _Pass("trained", 0, everything, trained)
    yield _Pass("flipped", 0, everything, trained, flip=True)
    # The map of a grey picture depends on nothing but the class.
    grey = torch.full((len(model.classes), side, side, 3), 128, dtype=torch.uint8)
    flat = maps_of(model, grey, torch.arange(len(grey)), device=device)
    yield _Pass("grey", 0, everything, lambda _, named: flat[named.to(flat.device)])
    for number in range(random_networks):
        other = networks.random_like(model, seed + number)
        yield _Pass("random", number, everything[number::random_networks], partial(maps_of, other, device=device))


def _on_grid(maps: torch.Tensor) -> torch.Tensor:
    """Maps [batch, height, width] to heat [batch, `GRID`, `GRID`] that adds up to 1; nan where there is none."""
    heat = interpolate(maps[:, None].double(), size=(GRID, GRID), mode="bilinear", antialias=True)[:, 0]
    return heat / heat.sum(dim=(1, 2), keepdim=True)


def _plain(pictures: torch.Tensor) -> torch.Tensor:
    """The half of each picture with the least detail, [batch, `GRID`, `GRID`] from 0 to 1; nan where all is alike.

    Detail is the standard deviation of the brightness within 3 x 3 cells; cells as busy as the median belong to the
    half as far as it has room, so that no side of the picture is preferred.
    """
    grey = pictures.double().mean(3, keepdim=True).permute(0, 3, 1, 2)
    small = interpolate(grey, size=(GRID, GRID), mode="bilinear", antialias=True)
    around = partial(avg_pool2d, kernel_size=3, stride=1, padding=1, count_include_pad=False)
    detail = (around(small**2) - around(small) ** 2).clamp_min(0).flatten(1).round(decimals=6)
    median = detail.median(dim=1, keepdim=True).values
    below, equal = (detail < median).double(), (detail == median).double()
    room = (GRID * GRID / 2 - below.sum(1, keepdim=True)) / equal.sum(1, keepdim=True)
    half = below + equal * room
    half[(detail == detail[:, :1]).all(1)] = torch.nan
    return half.reshape(-1, GRID, GRID)


class _FaceMasks:
    """The share of each cell of the grid that faces cover, a picture at a time."""

    def __init__(self, ids: pd.Series, boxes: pd.DataFrame) -> None:
        faces = {
            image: group[["left", "top", "width", "height"]].to_numpy() for image, group in boxes.groupby("image_id")
        }
        self._boxes = [faces.get(image) for image in ids]
        self.areas = {image: float(_covered(boxes).mean()) for image, boxes in faces.items()}

    def of(self, chosen: np.ndarray) -> torch.Tensor:
        """Masks [pictures, `GRID`, `GRID`]; nan where no face was found."""
        none = np.full((GRID, GRID), np.nan)
        found = [none if self._boxes[picture] is None else _covered(self._boxes[picture]) for picture in chosen]
        return torch.from_numpy(np.array(found).reshape(-1, GRID, GRID))


def _covered(boxes: np.ndarray) -> np.ndarray:
    cells = np.arange(GRID)
    covered = np.zeros((GRID, GRID))
    for left, top, width, height in boxes * GRID:
        across = (np.minimum(cells + 1, left + width) - np.maximum(cells, left)).clip(0, 1)
        down = (np.minimum(cells + 1, top + height) - np.maximum(cells, top)).clip(0, 1)
        covered = np.maximum(covered, np.outer(down, across))
    return covered


def _shares(heat: torch.Tensor, own: torch.Tensor, one: _Pass, chosen: np.ndarray) -> pd.DataFrame:
    """The share of heat [batch, `GRID`, `GRID`] in each region; `own` are the masks of `plain` and `faces`."""
    fixed = torch.stack(list(FIXED.values())).expand(len(heat), -1, -1, -1)
    found = (heat[:, None] * torch.cat([fixed, own], dim=1)).sum(dim=(2, 3)).numpy()
    shares = pd.DataFrame(found, columns=list(REGIONS))
    return shares.assign(picture=chosen, condition=one.condition, network=one.network)


def _shares_of_none() -> pd.DataFrame:
    return pd.DataFrame(columns=[*REGIONS, "picture", "condition", "network"]).astype(dict.fromkeys(REGIONS, float))


class _Sums:
    """Sums of maps a condition and group, so that no map need be kept."""

    def __init__(self, table: pd.DataFrame, groups: Sequence[str]) -> None:
        columns = {"all": pd.Series("all", index=table.index), **{name: table[name] for name in groups}}
        coded = {name: pd.factorize(column.astype("string"), sort=True) for name, column in columns.items()}
        self._codes = {name: codes for name, (codes, _) in coded.items()}
        self._values = {name: list(values) for name, (_, values) in coded.items()}
        self._sums = {
            (condition, name): torch.zeros(len(values), GRID * GRID + 1, dtype=torch.float64)
            for condition in CONDITIONS
            for name, values in self._values.items()
            # Of the nulls one map each is enough.
            if condition == "trained" or name == "all"
        }

    def add(self, condition: str, chosen: np.ndarray, heat: torch.Tensor) -> None:
        # The last column counts.
        counted = torch.cat([heat.flatten(1), torch.ones(len(heat), 1, dtype=heat.dtype)], dim=1)
        hot = torch.isfinite(heat).all(dim=2).all(dim=1)
        for (of, name), sums in self._sums.items():
            if of == condition:
                code = torch.from_numpy(self._codes[name][chosen])
                kept = hot & (code >= 0)
                sums.index_add_(0, code[kept], counted[kept])

    def means(self) -> pd.DataFrame:
        rows = [
            (condition, name, value, int(row[-1]), _coarser(row[:-1] / row[-1].clamp_min(1)))
            for (condition, name), sums in self._sums.items()
            for value, row in zip(self._values[name], sums, strict=True)
        ]
        return pd.DataFrame(rows, columns=["condition", "by", "value", "pictures", "map"])


def _coarser(heat: torch.Tensor) -> np.ndarray:
    return heat.reshape(MAP, GRID // MAP, MAP, GRID // MAP).sum(dim=(1, 3)).flatten().float().numpy()


def effects(shares: pd.DataFrame, table: pd.DataFrame, groups: Sequence[str]) -> pd.DataFrame:
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
      network would lie (Student's t, for all regions at once)
    - `over_grey`, the mean of share less that of a grey picture, with its interval; `grey`, the latter
    - `flipped`, the mean share upside down; `follows`, what of the effect follows the picture when it is turned: for
      the upper and lower third half the difference between upright and flipped, for the others the effect that is left
      upside down; with its interval
    - `found`: "more" or "less" than all nulls and the area, or "none"; `why` not

    Intervals are of 95 %, of means, by Student's t. Fewer than `FEWEST` pictures find nothing.
    """
    known = {
        condition: part.set_index("image_id")[list(REGIONS)].reindex(table["image_id"]).to_numpy()
        for condition, part in shares.groupby("condition")
    }
    if not known:
        return pd.DataFrame(columns=["by", "value", "region", "pictures", "share", "area", "found", "why"])
    drawn = shares[shares["condition"] == "random"].set_index("image_id")["network"].reindex(table["image_id"])
    trained = shares[shares["condition"] == "trained"].set_index("image_id")["faces_area"].reindex(table["image_id"])
    even = {name: float(mask.mean()) for name, mask in FIXED.items()} | {"plain": 0.5, "faces": trained.to_numpy()}
    rows = []
    for by in ("all", *groups):
        values = pd.Series("all", index=table.index) if by == "all" else table[by].astype("string")
        for value in sorted(values.dropna().unique()):
            inside = (values == value).fillna(False).to_numpy()
            for column, region in enumerate(REGIONS):
                of = {condition: known[condition][inside, column] for condition in CONDITIONS}
                area = np.broadcast_to(even[region], len(table))[inside]
                found = _effect(of, area, drawn.to_numpy()[inside], mirrored=region in ("upper", "lower"))
                rows.append({"by": by, "value": value, "region": region} | found)
    return pd.DataFrame(rows)


def _effect(of: dict[str, np.ndarray], area: np.ndarray, network: np.ndarray, mirrored: bool) -> dict[str, Any]:
    share, flipped = of["trained"], of["flipped"]
    hot = np.isfinite(share)
    above = share - area
    spread = float(np.nanstd(above, ddof=1)) if hot.sum() > 1 else np.nan
    random = pd.Series(of["random"]).groupby(network).mean().dropna().to_numpy()
    low, high = of_next(random, FAMILY)
    told = {
        "pictures": int(hot.sum()),
        **_named("share", of_mean(share)),
        "area": float(area[hot].mean()) if hot.any() else np.nan,
        **_named("over_area", of_mean(above)),
        "cohens_d": of_mean(above).value / spread if spread else np.nan,
        "random": of_mean(random).value,
        "random_low": low,
        "random_high": high,
        "grey": of_mean(of["grey"][hot]).value,
        **_named("over_grey", of_mean(share - of["grey"])),
        "flipped": of_mean(flipped).value,
        **_named("follows", of_mean((share - flipped) / 2 if mirrored else flipped - area)),
    }
    return told | dict(zip(("found", "why"), _verdict(told), strict=True))


def _verdict(told: dict[str, Any]) -> tuple[str, str]:
    if told["pictures"] < FEWEST:
        return "none", f"fewer than {FEWEST} pictures"
    sign = np.sign(told["over_area"])
    # A grey picture without any heat is no null that could explain some.
    greyless = np.isnan(told["grey"])
    refuted = {
        "no more or less than its area": not _beyond(told, "over_area", sign),
        "less than two points of the heat": abs(told["over_area"]) < MEANINGFUL,
        "as networks with random weights have it": not (
            told["share"] > told["random_high"] if sign > 0 else told["share"] < told["random_low"]
        ),
        "as a grey picture has it": not (greyless or _beyond(told, "over_grey", sign)),
        "not so with the picture upside down": not _beyond(told, "follows", sign),
    }
    reasons = [reason for reason, holds in refuted.items() if holds]
    if reasons:
        return "none", reasons[0]
    return ("more" if sign > 0 else "less"), ""


def _beyond(told: dict[str, Any], name: str, sign: float) -> bool:
    return told[f"{name}_low"] > 0 if sign > 0 else told[f"{name}_high"] < 0


def _named(name: str, interval: Interval) -> dict[str, float]:
    return {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}
