import pandas as pd

from brushprint.core.job_log import logged
from brushprint.core.tables import read_features, write_json, write_parquet
from brushprint.features.latent import latent

with logged(snakemake.log[0]):
    settings = dict(snakemake.params.latent)
    predictions = pd.read_parquet(snakemake.input.predictions)
    test = predictions["partition"] == "test"
    features = read_features(snakemake.input.features, settings.pop("features"), test.to_numpy())
    originals = [("copy", "==", 0)]
    labels = pd.read_parquet(
        snakemake.input.split, columns=["image_id", "origin", "source", "style"], filters=originals
    )
    table = predictions[test].merge(labels, on="image_id", validate="one_to_one")
    table["outcome"] = (table["label"] == table["predicted"]).map({True: "correct", False: "misclassified"})
    points, summary = latent(features, table, **settings, seed=snakemake.params.seed)
    write_parquet(points.merge(labels, on="image_id"), snakemake.output.points)
    write_json(summary, snakemake.output.summary)
