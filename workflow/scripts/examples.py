from pathlib import Path

import pandas as pd

from brushprint.core.job_log import logged
from brushprint.data.catalogue import examples
from brushprint.figures.style import examples as draw

with logged(snakemake.log[0]):
    catalogue = pd.read_parquet(snakemake.input.catalogue)
    params = snakemake.params
    shown = examples(params.root, catalogue, snakemake.threads, harmonise=params.harmonise)
    draw(shown, Path(snakemake.output[0]))
