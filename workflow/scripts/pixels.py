from pathlib import Path

import pandas as pd

from brushprint.console import logged
from brushprint.pixels import write_pixels

with logged(snakemake.log[0]):
    digest = write_pixels(
        snakemake.params.root,
        pd.read_parquet(snakemake.input.catalogue),
        snakemake.output.pixels,
        size=int(snakemake.wildcards.size),
        resize=snakemake.wildcards.resize,
        jobs=snakemake.threads,
    )
    Path(snakemake.output.digest).write_text(digest)
