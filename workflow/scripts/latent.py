import pandas as pd
import pyarrow.parquet as pq

from brushprint.console import logged
from brushprint.latent import latent
from brushprint.tables import feature_matrix, write_json, write_parquet

with logged(snakemake.log[0]):
    settings = dict(snakemake.params.latent)
    predictions = pd.read_parquet(snakemake.input.predictions)
    test = predictions["partition"] == "test"
    layer = settings.pop("features")
    features = feature_matrix(pq.read_table(snakemake.input.features, columns=[layer]), layer)[test]
    originals = [("copy", "==", 0)]
    labels = pd.read_parquet(
        snakemake.input.split, columns=["image_id", "origin", "source", "style"], filters=originals
    )
    table = predictions[test].merge(labels, on="image_id", validate="one_to_one")
    table["outcome"] = (table["label"] == table["predicted"]).map({True: "correct", False: "misclassified"})
    points, summary = latent(features, table, **settings, seed=snakemake.params.seed)
    write_parquet(points.merge(labels, on="image_id"), snakemake.output.points)
    write_json(summary, snakemake.output.summary)
