import pandas as pd

from brushprint.core.job_log import logged
from brushprint.core.tables import write_parquet
from brushprint.data import shortcut_features

with logged(snakemake.log[0], snakemake.output):
    params = snakemake.params
    catalogue = pd.read_parquet(snakemake.input.catalogue)
    features = shortcut_features.measure(params.root, catalogue, jobs=snakemake.threads, harmonise=params.harmonise)
    write_parquet(features, snakemake.output[0])
