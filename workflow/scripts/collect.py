from pathlib import Path

from brushprint.collect import collect
from brushprint.console import logged

with logged(snakemake.log[0]):
    params = snakemake.params
    collect(
        params.source,
        Path(snakemake.output[0]),
        sha256=params.sha256,
        sample=params.sample,
        seed=params.seed,
        jobs=snakemake.threads,
    )
