import pandas as pd

from brushprint.core.job_log import logged
from brushprint.core.tables import read_features, write_json, write_npz, write_parquet
from brushprint.data.array_digests import open_array
from brushprint.features.feature_map import map_features

with logged(snakemake.log[0], snakemake.output):
    given, params = snakemake.input, snakemake.params
    predictions = pd.read_parquet(given.predictions)
    test = predictions["partition"] == "test"
    mapped = map_features(
        read_features(given.features, "penultimate", test.to_numpy()),
        predictions[test],
        open_array(given.pixels, given.seal),
        **params.embedding,
        seed=params.seed,
    )
    write_parquet(mapped.points, snakemake.output.points)
    write_json(mapped.summary, snakemake.output.summary)
    write_parquet(mapped.prototypes, snakemake.output.prototypes)
    write_npz({"picture": mapped.thumbnails}, snakemake.output.pictures)
