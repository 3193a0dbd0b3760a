import numpy as np
import pandas as pd
import torch

from brushprint import networks
from brushprint.atomic import replacing
from brushprint.console import logged
from brushprint.gradcam import choose, heatmaps
from brushprint.seal import open_pixels

with logged(snakemake.log[0]):
    model = networks.load(snakemake.input.model)
    chosen = choose(pd.read_parquet(snakemake.input.points), snakemake.params.pictures)
    chosen = chosen.merge(pd.read_parquet(snakemake.input.predictions), on="image_id")
    rows = pd.read_parquet(snakemake.input.split, columns=["image_id", "row"], filters=[("copy", "==", 0)])
    chosen = chosen.merge(rows, on="image_id")
    pictures = open_pixels(snakemake.input.pixels, snakemake.input.seal)[chosen["row"].to_numpy()]
    named = torch.tensor([model.classes.index(name) for name in chosen["predicted"]])
    panel = {
        column: chosen[column].to_numpy(dtype=str) for column in ("image_id", "outcome", "space", "label", "predicted")
    }
    panel["cluster"] = chosen["cluster"].to_numpy()
    panel["probability"] = chosen[[f"p_{name}" for name in model.classes]].max(axis=1).to_numpy()
    panel["picture"] = pictures
    panel["heat"] = heatmaps(model, torch.from_numpy(pictures), named, snakemake.params.device)
    with replacing(snakemake.output[0]) as part, part.open("wb") as stream:
        np.savez_compressed(stream, **panel)
