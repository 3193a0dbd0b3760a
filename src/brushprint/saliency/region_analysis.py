"""The regions of the test pictures in which a variant's heat lies, and the faithfulness of its heatmaps."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

from brushprint.models.model import Model
from brushprint.saliency.faithfulness import cascade, curves, judged
from brushprint.saliency.profiles import profiles
from brushprint.saliency.regions import effects
from brushprint.stats.allocation import stratified

# Mean maps and effects are computed for each value of these columns; see `groups_of`.
GROUPS = ("outcome", "origin", "source", "style", "outcome and style", "2d cluster", "full cluster")


class RegionAnalysis(NamedTuple):
    """The result of `analyse_regions`, which describes the fields."""

    shares: pd.DataFrame
    mean_maps: pd.DataFrame
    effects: pd.DataFrame
    curves: pd.DataFrame
    faithfulness: dict[str, Any]


def analyse_regions(
    model: Model,
    pixels: np.ndarray,
    test: pd.DataFrame,
    points: pd.DataFrame,
    faces: pd.DataFrame,
    *,
    random_networks: int,
    seed: int,
    checked: int,
    checking_seed: int,
    device: str,
) -> RegionAnalysis:
    """Measure the heat in the regions of every test picture, and the faithfulness of a sample of the maps.

    Parameters
    ----------
    model : the trained network
    pixels : uint8 [rows, side, side, 3]; the array may be memory-mapped
    test, points : see `groups_of`; `test` also has `row` (of `pixels`), `label` and `predicted`
    faces : see `brushprint.data.faces.find_faces`
    random_networks, seed : settings of the nulls, see `brushprint.saliency.profiles.profiles`
    checked : the largest number of pictures in the faithfulness tests; in this sample, each class keeps its share
    checking_seed : seed of that sample and of the faithfulness tests
    device : see `brushprint.models.devices.choose_device`

    Returns
    -------
    shares, mean_maps : see `brushprint.saliency.profiles.profiles`
    effects : see `brushprint.saliency.regions.effects`
    curves : see `brushprint.saliency.faithfulness.curves`, with `image_id` in place of `picture`
    faithfulness : the result of `brushprint.saliency.faithfulness.judged`, and under `cascade` the result of
        `brushprint.saliency.faithfulness.cascade`
    """
    table = groups_of(test, points)
    shares, mean_maps = profiles(
        model,
        pixels,
        table,
        faces,
        groups=GROUPS,
        random_networks=random_networks,
        seed=seed,
        device=device,
    )
    some = table.iloc[stratified(table["label"], checked, checking_seed)]
    shown = torch.from_numpy(pixels[some["row"].to_numpy()])
    classes = torch.tensor([model.classes.index(name) for name in some["predicted"]])
    checks = curves(model, shown, classes, seed=checking_seed, device=device)
    randomised = cascade(model, shown, classes, seed=checking_seed, device=device)
    faithfulness = {**judged(checks), "cascade": randomised}
    checks.insert(0, "image_id", some["image_id"].to_numpy()[checks.pop("picture")])
    return RegionAnalysis(shares, mean_maps, effects(shares, table, GROUPS), checks, faithfulness)


def groups_of(test: pd.DataFrame, points: pd.DataFrame) -> pd.DataFrame:
    """Return the test pictures in the order of `points`, with the columns `GROUPS` added.

    Parameters
    ----------
    test : the columns `image_id`, `outcome`, `origin`, `source`, `style`, and further columns, which are kept
    points : the columns `image_id`, `cluster_2d` and `cluster_full`, see `brushprint.features.latent.latent`

    The name of a cluster begins with its outcome, for example "correct 0". If a picture has no style, its "outcome and
    style" is missing.
    """
    clusters = points[["image_id", "cluster_2d", "cluster_full"]]
    table = clusters.merge(test, on="image_id", validate="one_to_one")
    for space in ("2d", "full"):
        table[f"{space} cluster"] = table["outcome"].str.cat(table.pop(f"cluster_{space}").astype(str), sep=" ")
    table["outcome and style"] = table["outcome"].str.cat(table["style"].astype("string"), sep=" ")
    return table
