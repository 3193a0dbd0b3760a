import pandas as pd
import torch

from brushprint.core.job_log import logged
from brushprint.core.tables import write_json, write_parquet
from brushprint.data.array_digests import open_pixels
from brushprint.models.files import load_model
from brushprint.saliency.faithfulness import cascade, curves, judged
from brushprint.saliency.profiles import profiles
from brushprint.saliency.regions import effects
from brushprint.stats.allocation import stratified

with logged(snakemake.log[0]):
    given, params = snakemake.input, snakemake.params
    model = load_model(given.model)
    test = [("partition", "==", "test"), ("copy", "==", 0)]
    pictures = pd.read_parquet(given.split, columns=["image_id", "row", "origin", "source", "style"], filters=test)
    predictions = pd.read_parquet(given.predictions, columns=["image_id", "label", "predicted"])
    points = pd.read_parquet(given.points, columns=["image_id", "outcome", "cluster_2d", "cluster_full"])
    table = points.merge(predictions, on="image_id").merge(pictures, on="image_id", validate="one_to_one")
    for space in ("2d", "full"):
        table[f"{space} cluster"] = table["outcome"].str.cat(table.pop(f"cluster_{space}").astype(str), sep=" ")
    table["outcome and style"] = table["outcome"].str.cat(table["style"].astype("string"), sep=" ")
    groups = ["outcome", "origin", "source", "style", "outcome and style", "2d cluster", "full cluster"]
    pixels = open_pixels(given.pixels, given.seal)
    found = profiles(
        model,
        pixels,
        table,
        pd.read_parquet(given.faces),
        groups=groups,
        random_networks=params.random_networks,
        seed=params.seed,
        device=params.device,
    )
    write_parquet(found.shares, snakemake.output.shares)
    write_parquet(found.mean_maps, snakemake.output.maps)
    write_parquet(effects(found.shares, table, groups), snakemake.output.effects)

    # Of some of them, whether the maps are honest.
    seed = params.checking_seed
    some = table.iloc[stratified(table["label"], params.checked, seed)]
    shown = torch.from_numpy(pixels[some["row"].to_numpy()])
    classes = torch.tensor([model.classes.index(name) for name in some["predicted"]])
    checked = curves(model, shown, classes, seed=seed, device=params.device)
    checked.insert(0, "image_id", some["image_id"].to_numpy()[checked["picture"]])
    write_parquet(checked.drop(columns="picture"), snakemake.output.curves)
    randomised = cascade(model, shown, classes, seed=seed, device=params.device)
    write_json({**judged(checked.drop(columns="image_id")), "cascade": randomised}, snakemake.output.honest)
