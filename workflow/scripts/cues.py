import pandas as pd

from brushprint.core.job_log import logged
from brushprint.core.tables import write_parquet
from brushprint.data.shortcut_features import cues

with logged(snakemake.log[0]):
    params = snakemake.params
    catalogue = pd.read_parquet(snakemake.input.catalogue)
    found = cues(params.root, catalogue, jobs=snakemake.threads, harmonise=params.harmonise)
    write_parquet(found, snakemake.output[0])
