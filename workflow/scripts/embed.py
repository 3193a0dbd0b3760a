import numpy as np
import pandas as pd

from brushprint.core.atomic import replacing
from brushprint.core.job_log import logged
from brushprint.core.tables import read_features, write_json, write_parquet
from brushprint.data.array_digests import open_pixels
from brushprint.features.embedding import embed, prototypes, spreads, thumbnails
from brushprint.stats.allocation import stratified

with logged(snakemake.log[0]):
    settings, seed = dict(snakemake.params.embedding), snakemake.params.seed
    predictions = pd.read_parquet(snakemake.input.predictions)
    test = predictions["partition"] == "test"
    features = read_features(snakemake.input.features, "penultimate", test.to_numpy())
    columns = ["image_id", "row", "origin", "source", "style"]
    labels = pd.read_parquet(snakemake.input.split, columns=columns, filters=[("copy", "==", 0)])
    table = predictions[test].merge(labels, on="image_id", validate="one_to_one")
    table["outcome"] = (table["label"] == table["predicted"]).map({True: "correct", False: "misclassified"})
    shown = prototypes(features, table)
    rows = shown[["image_id"]].merge(table, on="image_id", validate="many_to_one")["row"].to_numpy()
    chosen = stratified(table["label"], settings.pop("pictures"), seed)
    features, table = features[chosen], table.iloc[chosen]
    coordinates, about = embed(features, **settings, seed=seed)
    columns = ["image_id", "origin", "source", "style", "outcome", "label", "predicted"]
    points = table[columns].assign(x=None, y=None).astype({"x": float, "y": float})
    if coordinates is not None:
        points[["x", "y"]] = coordinates
    write_parquet(points, snakemake.output.points)
    of = {"pictures": len(points), "test_pictures": int(test.sum())}
    write_json({**of, **about, "spread": spreads(features, table, seed)}, snakemake.output.summary)
    write_parquet(shown, snakemake.output.prototypes)
    pictures = open_pixels(snakemake.input.pixels, snakemake.input.seal)
    with replacing(snakemake.output.pictures) as part, part.open("wb") as stream:
        np.savez_compressed(stream, picture=thumbnails(pictures, rows))
