"""Heatmaps of chosen test pictures by Grad-CAM and by occlusion, and how far the two agree."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

from brushprint.models.model import Model
from brushprint.saliency.example_selection import choose, draw_panels
from brushprint.saliency.gradcam import heatmaps
from brushprint.saliency.occlusion import agreement, as_maps, drops, scaled, summary, under_patches, windows


class Explanations(NamedTuple):
    """What `explain` finds."""

    arrays: dict[str, np.ndarray]
    numbers: pd.DataFrame
    summary: dict[str, Any]


def explain(
    model: Model,
    pixels: np.ndarray,
    test: pd.DataFrame,
    points: pd.DataFrame,
    *,
    pictures: int,
    panel: int,
    occlusion: Mapping[str, int],
    seed: int,
    device: str,
) -> Explanations:
    """Explain the predicted class of pictures from each cluster, of correct and misclassified ones.

    Parameters
    ----------
    model : the trained network
    pixels : uint8 [rows, side, side, 3], maybe memory-mapped
    test : its test pictures: `image_id`, `row` (of `pixels`), `label`, `predicted`, `outcome` and `probability`
    points : their clusters, see `brushprint.features.latent.latent`
    pictures, panel : how many are shown of each cluster, and in each panel; see `brushprint.saliency.example_selection`
    occlusion : `patch` and `stride`, see `brushprint.saliency.occlusion.scaled`
    seed : of the draw, and of the intervals
    device : see `brushprint.models.devices.choose_device`

    Returns
    -------
    arrays : of each picture explained `image_id`, `label`, `predicted`, `probability`, `picture` (uint8), `heat` (0 to
        1, see `brushprint.saliency.gradcam.heatmaps`) and `occlusion` (-1 to 1, see
        `brushprint.saliency.occlusion.as_maps`); of each place in which one is shown `shown_panel`, `shown_cluster` (-1
        without) and `shown_row`, the position of the picture in the other arrays
    numbers : of each picture explained `image_id`, `label`, `predicted`, `probability`, `agreement` and `null`, see
        `brushprint.saliency.occlusion.agreement`
    summary : `asked`, the pictures of a panel, and `shown`, by panel; `occlusion`: `side`, `patch` and `stride` in
        pixels, and `places` of the patch; and `brushprint.saliency.occlusion.summary` of the agreement
    """
    panels = draw_panels(test, panel, seed)
    shown = pd.concat([choose(points, pictures), panels], ignore_index=True)
    # Each picture is explained once, wherever it is shown.
    once = test[test["image_id"].isin(shown["image_id"])].reset_index(drop=True)
    explained = pixels[once["row"].to_numpy()]
    side = explained.shape[1]
    tensors = torch.from_numpy(explained), torch.tensor([model.classes.index(name) for name in once["predicted"]])
    heat = heatmaps(model, *tensors, device)
    patch, stride = (scaled(occlusion[name], side) for name in ("patch", "stride"))
    hidden = windows(side, patch, stride)
    falls = drops(model, *tensors, hidden, device)
    once["agreement"], once["null"] = agreement(under_patches(heat, hidden), falls)
    about = {
        "asked": panel,
        "shown": shown["panel"].value_counts(sort=False).to_dict(),
        "occlusion": {"side": side, "patch": patch, "stride": stride, "places": len(hidden) ** 2},
        **summary(once["agreement"].to_numpy(), once["null"].to_numpy(), seed),
    }
    arrays = {name: once[name].to_numpy(dtype=str) for name in ("image_id", "label", "predicted")}
    arrays |= {"probability": once["probability"].to_numpy(), "picture": explained, "heat": heat}
    arrays |= {
        "occlusion": as_maps(falls, hidden),
        "shown_panel": shown["panel"].to_numpy(dtype=str),
        "shown_cluster": shown["cluster"].fillna(-1).to_numpy(dtype=int),
        "shown_row": pd.Index(once["image_id"]).get_indexer(shown["image_id"]),
    }
    columns = ["image_id", "label", "predicted", "probability", "agreement", "null"]
    return Explanations(arrays, once[columns], about)
