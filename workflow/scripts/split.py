import pandas as pd

from brushprint.console import logged
from brushprint.split import split
from brushprint.tables import write_parquet

with logged(snakemake.log[0]):
    params = snakemake.params
    table = split(pd.read_parquet(snakemake.input[0]), **params.split, capped=params.capped, seed=params.seed)
    write_parquet(table, snakemake.output[0])
