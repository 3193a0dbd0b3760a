import numpy as np
import pandas as pd
import torch

from brushprint.core.atomic import replacing
from brushprint.core.job_log import logged
from brushprint.core.tables import write_json, write_parquet
from brushprint.data.array_digests import open_pixels
from brushprint.models.files import load_model
from brushprint.saliency.example_selection import choose, draw_panels
from brushprint.saliency.gradcam import heatmaps
from brushprint.saliency.occlusion import agreement, as_maps, drops, scaled, summary, under_patches, windows

with logged(snakemake.log[0]):
    given, params = snakemake.input, snakemake.params
    model = load_model(given.model)
    predictions = pd.read_parquet(given.predictions, filters=[("partition", "==", "test")])
    predictions["probability"] = predictions[[f"p_{name}" for name in model.classes]].max(axis=1)
    drawn = draw_panels(predictions, params.panel, params.seed)
    shown = pd.concat([choose(pd.read_parquet(given.points), params.pictures), drawn], ignore_index=True)
    # Each picture once, wherever it is shown.
    rows = pd.read_parquet(given.split, columns=["image_id", "row"], filters=[("copy", "==", 0)])
    once = predictions[predictions["image_id"].isin(shown["image_id"])].merge(rows, on="image_id")
    pictures = open_pixels(given.pixels, given.seal)[once["row"].to_numpy()]
    side = pictures.shape[1]
    asked = torch.from_numpy(pictures), torch.tensor([model.classes.index(name) for name in once["predicted"]])
    heat = heatmaps(model, *asked, params.device)
    patch, stride = (scaled(params.occlusion[name], side) for name in ("patch", "stride"))
    hidden = windows(side, patch, stride)
    found = drops(model, *asked, hidden, params.device)
    once["agreement"], once["null"] = agreement(under_patches(heat, hidden), found)
    told = {"asked": params.panel, "shown": shown["panel"].value_counts(sort=False).to_dict()}
    told["occlusion"] = {"side": side, "patch": patch, "stride": stride, "places": len(hidden) ** 2}
    told |= summary(once["agreement"].to_numpy(), once["null"].to_numpy(), params.seed)
    write_json(told, snakemake.output.summary)
    columns = ["image_id", "label", "predicted", "probability", "agreement", "null"]
    write_parquet(once[columns], snakemake.output.numbers)
    arrays = {name: once[name].to_numpy(dtype=str) for name in ("image_id", "label", "predicted")}
    arrays |= {"probability": once["probability"].to_numpy(), "picture": pictures, "heat": heat}
    arrays["occlusion"] = as_maps(found, hidden)
    arrays["shown_panel"] = shown["panel"].to_numpy(dtype=str)
    arrays["shown_cluster"] = shown["cluster"].fillna(-1).to_numpy(dtype=int)
    arrays["shown_row"] = pd.Index(once["image_id"]).get_indexer(shown["image_id"])
    with replacing(snakemake.output.heatmaps) as part, part.open("wb") as stream:
        np.savez_compressed(stream, **arrays)
