import json
from pathlib import Path

import pandas as pd

from brushprint.console import logged
from brushprint.report import write_report

with logged(snakemake.log[0]):
    given, params = snakemake.input, snakemake.params
    variants = {}
    for (name, settings), metrics, latent in zip(params.variants.items(), given.metrics, given.latent, strict=True):
        variants[name] = {
            "settings": settings,
            "metrics": json.loads(Path(metrics).read_text()),
            "latent": json.loads(Path(latent).read_text()),
            "figures": Path(metrics).parent / "figures",
        }
    write_report(
        Path(snakemake.output[0]),
        title=params.title,
        synthetic=params.synthetic,
        budget=params.budget,
        catalogue=pd.read_parquet(given.catalogue),
        rejected=pd.read_parquet(given.rejected),
        examples=given.examples,
        splits=dict(zip(params.splits, map(pd.read_parquet, given.splits), strict=True)),
        variants=variants,
        settings=params.settings,
        packages=params.packages,
    )
