import pandas as pd

from brushprint.core.job_log import logged
from brushprint.core.tables import write_json
from brushprint.data.near_duplicates import leakage

with logged(snakemake.log[0], snakemake.output):
    pairs = pd.read_parquet(snakemake.input.pairs)
    splits = zip(snakemake.params.splits, snakemake.input.splits, strict=True)
    write_json({name: leakage(pd.read_parquet(file), pairs) for name, file in splits}, snakemake.output[0])
