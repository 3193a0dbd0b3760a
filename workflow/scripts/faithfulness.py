import pandas as pd
import torch

from brushprint import networks
from brushprint.console import logged
from brushprint.faithfulness import cascade, curves, judged
from brushprint.quota import stratified
from brushprint.seal import open_pixels
from brushprint.tables import write_json, write_parquet

with logged(snakemake.log[0]):
    given, params = snakemake.input, snakemake.params
    model = networks.load(given.model)
    predictions = pd.read_parquet(given.predictions, filters=[("partition", "==", "test")])
    rows = pd.read_parquet(given.split, columns=["image_id", "row"], filters=[("copy", "==", 0)])
    chosen = predictions.iloc[stratified(predictions["label"], params.pictures, params.seed)]
    table = chosen.merge(rows, on="image_id", validate="one_to_one")
    pictures = torch.from_numpy(open_pixels(given.pixels, given.seal)[table["row"].to_numpy()])
    classes = torch.tensor([model.classes.index(name) for name in table["predicted"]])
    found = curves(model, pictures, classes, seed=params.seed, device=params.device)
    found.insert(0, "image_id", table["image_id"].to_numpy()[found["picture"]])
    write_parquet(found.drop(columns="picture"), snakemake.output.curves)
    randomised = cascade(model, pictures, classes, seed=params.seed, device=params.device)
    write_json({**judged(found.drop(columns="image_id")), "cascade": randomised}, snakemake.output.summary)
