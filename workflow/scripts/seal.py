import pandas as pd

from brushprint.core.job_log import logged
from brushprint.data.array_digests import write_seal

with logged(snakemake.log[0], snakemake.output):
    digests = {name: file for name, file in snakemake.input.items() if name != "split"}
    write_seal(pd.read_parquet(snakemake.input.split), digests, snakemake.output[0])
