"""The share of Grad-CAM's heat in each region of every test picture, and the same shares for null maps.

A null is a map for comparison, without the trained weights or the original picture: a map of the same network with
random weights (Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018), a map of the picture upside down, and
a map of a flat grey picture, whose heat comes only from the padding.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch.nn.functional import avg_pool2d, interpolate

from brushprint.core.job_log import progress
from brushprint.models.devices import choose_device
from brushprint.models.inputs import batch_size
from brushprint.models.model import Model, random_like
from brushprint.saliency.gradcam import maps_of
from brushprint.saliency.regions import CONDITIONS, FIXED, GRID, MAP, REGIONS


class Profiles(NamedTuple):
    """The result of `profiles`, which describes the fields."""

    shares: pd.DataFrame
    mean_maps: pd.DataFrame


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
    """Measure the heat of the predicted class in the regions of every picture of `table`, and of its nulls.

    Parameters
    ----------
    model : the trained network
    pixels : uint8 [rows, side, side, 3]; the array may be memory-mapped and is read in batches
    table : the columns `image_id`, `row` (of `pixels`), `predicted` (class name), and the columns of `groups`
    boxes : the faces, see `brushprint.data.faces.find_faces`
    groups : columns of `table`; each of their values gets a mean map, except missing values
    random_networks : the number of networks with random weights; each receives an equal part of the pictures
    seed : seed of the random weights, and of the assignment of pictures to random networks
    device : `cpu`, `cuda`, `mps` or `auto`

    Returns
    -------
    shares : a row per picture and condition (one of `CONDITIONS`): `image_id`, `condition`, `network` (the number of
        the random network that received the picture), each of `REGIONS` (its share of the heat, 0 to 1), and
        `faces_area` (the share of the picture that its faces cover). All shares are missing if a map has no heat;
        `plain` is missing for a picture of one colour, and `faces` and `faces_area` for a picture without faces.
    mean_maps : a row per condition and group: `condition`, `by` ("all" or a column of `groups`), `value`, `pictures`
        (the number of those whose map has heat), and `map`, `MAP` x `MAP` float32 row by row, the mean of the pictures'
        maps, each of which adds up to 1. For the nulls there is only the mean map of all pictures.
    """
    where = choose_device(device)
    classes = torch.tensor([model.classes.index(name) for name in table["predicted"]])
    rows, batch = table["row"].to_numpy(), batch_size(pixels.shape[1])
    faces, sums = _Faces(table["image_id"], boxes), _Sums(table, groups)
    # The array is filled in place, because many small tables between large tensors would fragment the memory.
    shares = np.empty((len(CONDITIONS), len(table), len(REGIONS)))
    networks_of = np.empty(len(table), dtype=np.int64)
    grey = _of_grey_pictures(model, where)
    blocks = np.array_split(np.random.default_rng(seed).permutation(len(table)), random_networks)
    with progress(len(table), "regions") as bar:
        for number, block in enumerate(map(np.sort, blocks)):
            random = random_like(model, seed + number)
            networks_of[block] = number
            for start in range(0, len(block), batch):
                chosen = block[start : start + batch]
                pictures, named = torch.from_numpy(pixels[rows[chosen]]), classes[chosen]
                own = torch.stack([_plain(pictures), faces.covered(chosen)], dim=1)
                upside_down = pictures.flip(1), named, where
                for place, (maps, masks) in enumerate(
                    (
                        (maps_of(model, pictures, named, where), own),
                        (maps_of(random, pictures, named, where), own),
                        (maps_of(model, *upside_down), own.flip(2)),
                        (grey[named], own),
                    )
                ):
                    heat = _on_grid(maps)
                    shares[place, chosen] = _shares(heat, masks)
                    sums.add(CONDITIONS[place], chosen, heat)
                bar.update(len(chosen))
    rows_of_shares = pd.DataFrame({"image_id": np.tile(table["image_id"], len(CONDITIONS))})
    rows_of_shares["condition"] = np.repeat(CONDITIONS, len(table))
    rows_of_shares["network"] = np.tile(networks_of, len(CONDITIONS))
    rows_of_shares[list(REGIONS)] = shares.reshape(-1, len(REGIONS))
    rows_of_shares["faces_area"] = rows_of_shares["image_id"].map(faces.areas)
    return Profiles(rows_of_shares, sums.means())


def _of_grey_pictures(model: Model, device: torch.device) -> torch.Tensor:
    """The map of a flat grey picture for each class, [classes, height, width]."""
    side = model.about["image_size"]
    grey = torch.full((len(model.classes), side, side, 3), 128, dtype=torch.uint8)
    return maps_of(model, grey, torch.arange(len(grey)), device)


def _on_grid(maps: torch.Tensor) -> torch.Tensor:
    """Resize maps [batch, height, width] to heat [batch, `GRID`, `GRID`] that adds up to 1; nan if there is no heat."""
    heat = interpolate(maps[:, None].double(), size=(GRID, GRID), mode="bilinear", antialias=True)[:, 0]
    return heat / heat.sum(dim=(1, 2), keepdim=True)


def _plain(pictures: torch.Tensor) -> torch.Tensor:
    """The half of each picture with the least detail, [batch, `GRID`, `GRID`] from 0 to 1.

    Detail is the variance of the brightness within 3 x 3 cells. Cells with less than the median detail belong to the
    half. Cells with exactly the median detail share the rest of the half equally, so that no side of the picture is
    preferred. A picture with the same detail everywhere has nan in all cells.
    """
    grey = pictures.float().mean(3, keepdim=True).permute(0, 3, 1, 2)
    small = interpolate(grey, size=(GRID, GRID), mode="bilinear", antialias=True)
    around = partial(avg_pool2d, kernel_size=3, stride=1, padding=1, count_include_pad=False)
    detail = (around(small**2) - around(small) ** 2).clamp_min(0).flatten(1).double().round(decimals=2)
    median = detail.median(dim=1, keepdim=True).values
    below, equal = (detail < median).double(), (detail == median).double()
    room = (GRID * GRID / 2 - below.sum(1, keepdim=True)) / equal.sum(1, keepdim=True)
    half = below + equal * room
    half[(detail == detail[:, :1]).all(1)] = torch.nan
    return half.reshape(-1, GRID, GRID)


class _Faces:
    """The share of each grid cell that faces cover, for each picture."""

    def __init__(self, ids: pd.Series, boxes: pd.DataFrame) -> None:
        faces = {
            image: group[["left", "top", "width", "height"]].to_numpy() for image, group in boxes.groupby("image_id")
        }
        self._boxes = [faces.get(image) for image in ids]
        self.areas = {image: float(_covered(boxes).mean()) for image, boxes in faces.items()}

    def covered(self, chosen: np.ndarray) -> torch.Tensor:
        """Masks [pictures, `GRID`, `GRID`] from 0 to 1; nan for a picture in which no face was detected."""
        none = np.full((GRID, GRID), np.nan)
        boxes = [self._boxes[picture] for picture in chosen]
        return torch.from_numpy(np.array([none if rows is None else _covered(rows) for rows in boxes]))


def _covered(boxes: np.ndarray) -> np.ndarray:
    cells = np.arange(GRID)
    covered = np.zeros((GRID, GRID))
    for left, top, width, height in boxes * GRID:
        across = (np.minimum(cells + 1, left + width) - np.maximum(cells, left)).clip(0, 1)
        down = (np.minimum(cells + 1, top + height) - np.maximum(cells, top)).clip(0, 1)
        covered = np.maximum(covered, np.outer(down, across))
    return covered


def _shares(heat: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
    """The share of heat [batch, `GRID`, `GRID`] in each of `REGIONS`; `own` has the masks [batch, 2, ...] of `OWN`."""
    fixed = heat.flatten(1) @ torch.from_numpy(np.stack(list(FIXED.values()))).flatten(1).T
    return torch.cat([fixed, (heat[:, None] * own).sum(dim=(2, 3))], dim=1)


class _Sums:
    """Sums of the maps of each condition and group, so that single maps need not stay in memory."""

    def __init__(self, table: pd.DataFrame, groups: Sequence[str]) -> None:
        columns = {"all": pd.Series("all", index=table.index), **{name: table[name] for name in groups}}
        coded = {name: pd.factorize(column.astype("string"), sort=True) for name, column in columns.items()}
        self._codes = {name: codes for name, (codes, _) in coded.items()}
        self._values = {name: list(values) for name, (_, values) in coded.items()}
        self._sums = {
            (condition, name): torch.zeros(len(values), GRID * GRID + 1, dtype=torch.float64)
            for condition in CONDITIONS
            for name, values in self._values.items()
            # For a null, only the mean map of all pictures is needed.
            if condition == "trained" or name == "all"
        }

    def add(self, condition: str, chosen: np.ndarray, heat: torch.Tensor) -> None:
        # The last column of the sums counts the pictures.
        counted = torch.cat([heat.flatten(1), torch.ones(len(heat), 1, dtype=heat.dtype)], dim=1)
        hot = torch.isfinite(heat).all(dim=2).all(dim=1)
        for (summed, name), sums in self._sums.items():
            if summed == condition:
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
