import pandas as pd

from brushprint import networks
from brushprint.console import logged
from brushprint.profiles import profiles
from brushprint.regions import effects
from brushprint.seal import open_pixels
from brushprint.tables import write_parquet

with logged(snakemake.log[0]):
    given, params = snakemake.input, snakemake.params
    model = networks.load(given.model)
    test = [("partition", "==", "test"), ("copy", "==", 0)]
    pictures = pd.read_parquet(given.split, columns=["image_id", "row", "origin", "source", "style"], filters=test)
    predictions = pd.read_parquet(given.predictions, columns=["image_id", "predicted"])
    points = pd.read_parquet(given.points, columns=["image_id", "outcome", "cluster_2d", "cluster_full"])
    table = points.merge(predictions, on="image_id").merge(pictures, on="image_id", validate="one_to_one")
    for space in ("2d", "full"):
        table[f"{space} cluster"] = table["outcome"].str.cat(table.pop(f"cluster_{space}").astype(str), sep=" ")
    table["outcome and style"] = table["outcome"].str.cat(table["style"].astype("string"), sep=" ")
    groups = ["outcome", "origin", "source", "style", "outcome and style", "2d cluster", "full cluster"]
    found = profiles(
        model,
        open_pixels(given.pixels, given.seal),
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
