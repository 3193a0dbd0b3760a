import pandas as pd

from brushprint.core.job_log import logged
from brushprint.core.tables import write_parquet
from brushprint.data.split import split

with logged(snakemake.log[0]):
    given, params = snakemake.input, snakemake.params
    catalogue = pd.read_parquet(given.catalogue)
    groups = pd.read_parquet(given.groups)["group"].to_numpy()
    seeds = {"test_seed": params.test_seed, "seed": params.seed}
    write_parquet(split(catalogue, groups, **params.split, capped=params.capped, **seeds), snakemake.output[0])
