import pandas as pd

from brushprint.console import logged
from brushprint.cues import cues
from brushprint.tables import write_parquet

with logged(snakemake.log[0]):
    params = snakemake.params
    catalogue = pd.read_parquet(snakemake.input.catalogue)
    found = cues(params.root, catalogue, jobs=snakemake.threads, harmonise=params.harmonise)
    write_parquet(found, snakemake.output[0])
