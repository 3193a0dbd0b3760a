import pandas as pd

from brushprint.console import logged
from brushprint.duplicates import rates
from brushprint.tables import write_json

with logged(snakemake.log[0]):
    pairs = pd.read_parquet(snakemake.input.pairs)
    splits = zip(snakemake.params.splits, snakemake.input.splits, strict=True)
    write_json({name: rates(pd.read_parquet(file), pairs) for name, file in splits}, snakemake.output[0])
