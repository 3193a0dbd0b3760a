import pandas as pd

from brushprint.core.job_log import logged
from brushprint.core.tables import read_features, write_json, write_parquet
from brushprint.features.latent import latent

with logged(snakemake.log[0], snakemake.output):
    settings = dict(snakemake.params.latent)
    predictions = pd.read_parquet(snakemake.input.predictions)
    test = predictions["partition"] == "test"
    features = read_features(snakemake.input.features, settings.pop("features"), test.to_numpy())
    points, summary = latent(features, predictions[test], **settings, seed=snakemake.params.seed)
    labels = predictions[["image_id", "origin", "source", "style"]]
    write_parquet(points.merge(labels, on="image_id", validate="one_to_one"), snakemake.output.points)
    write_json(summary, snakemake.output.summary)
