import pandas as pd

from brushprint.console import logged
from brushprint.seal import write_seal

with logged(snakemake.log[0]):
    write_seal(pd.read_parquet(snakemake.input.split), snakemake.input.digest, snakemake.output[0])
