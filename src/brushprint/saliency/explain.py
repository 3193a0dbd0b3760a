"""Heatmaps of selected test pictures by Grad-CAM and by occlusion, and how far both methods agree."""

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
    """The result of `explain`, which describes the fields."""

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
    """Explain the predicted class of test pictures by Grad-CAM and by occlusion.

    The pictures are those nearest to the centre of each cluster, and panels of correct and misclassified pictures.

    Parameters
    ----------
    model : the trained network
    pixels : uint8 [rows, side, side, 3]; the array may be memory-mapped
    test : the test pictures: `image_id`, `row` (of `pixels`), `label`, `predicted`, `outcome` and `probability`
    points : the clusters of the test pictures, see `brushprint.features.latent.latent`
    pictures, panel : the number of pictures shown for each cluster, and in each panel; see
        `brushprint.saliency.example_selection`
    occlusion : `patch` and `stride`, see `brushprint.saliency.occlusion.scaled`
    seed : seed of the draw of the panels, and of the bootstrap intervals
    device : see `brushprint.models.devices.choose_device`

    Returns
    -------
    arrays : for each explained picture: `image_id`, `label`, `predicted`, `probability`, `picture` (uint8), `heat` (0
        to 1, see `brushprint.saliency.gradcam.heatmaps`) and `occlusion` (-1 to 1, see
        `brushprint.saliency.occlusion.as_maps`). For each place where a picture is shown: `shown_panel`,
        `shown_cluster` (-1 if the panel has no clusters) and `shown_row`, the picture's position in the other arrays.
    numbers : for each explained picture: `image_id`, `label`, `predicted`, `probability`, `agreement` and `null`; for
        the last two see `brushprint.saliency.occlusion.agreement`
    summary : `asked`, the parameter `panel`; `shown`, the number of pictures shown in each panel; `occlusion`, with
        `side`, `patch` and `stride` in pixels and `places`, the number of places of the patch; and the result of
        `brushprint.saliency.occlusion.summary` for the agreement
    """
    panels = draw_panels(test, panel, seed)
    shown = pd.concat([choose(points, pictures), panels], ignore_index=True)
    # Each picture is explained once, even if it is shown in several places.
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
