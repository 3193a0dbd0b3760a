import pandas as pd

from brushprint.console import logged
from brushprint.split import split
from brushprint.tables import write_parquet

with logged(snakemake.log[0]):
    table = split(pd.read_parquet(snakemake.input[0]), **snakemake.params.split, seed=snakemake.params.seed)
    write_parquet(table, snakemake.output[0])
