from pathlib import Path

import pandas as pd

from brushprint.catalogue import examples
from brushprint.console import logged
from brushprint.figures import examples as draw

with logged(snakemake.log[0]):
    catalogue = pd.read_parquet(snakemake.input.catalogue)
    draw(examples(snakemake.params.root, catalogue, snakemake.threads), Path(snakemake.output[0]))
