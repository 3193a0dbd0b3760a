import json
from pathlib import Path

import pandas as pd

from brushprint.core.job_log import logged
from brushprint.core.tables import write_json
from brushprint.report.claims import judge, load

with logged(snakemake.log[0]):
    given, params = snakemake.input, snakemake.params
    splits = dict(zip(params.splits, map(pd.read_parquet, given.splits), strict=True))
    variants = {}
    tables = params.variants.items(), given.history, given.effects
    for (name, split), history, effects, *files in zip(
        *tables, given.metrics, given.latent, given.embedding, strict=True
    ):
        metrics, latent, embedding = (json.loads(Path(file).read_text()) for file in files)
        variants[name] = {
            "history": pd.read_csv(history),
            "metrics": metrics,
            "latent": latent,
            "split": splits[split],
            "effects": pd.read_parquet(effects),
            "embedding": embedding,
        }
    ledger = judge(
        load(given.claims),
        collection=params.collection,
        synthetic=params.synthetic,
        budget=params.budget,
        from_scratch=params.from_scratch,
        changed=params.changed,
        catalogue=pd.read_parquet(given.catalogue),
        variants=variants,
    )
    write_json(ledger, snakemake.output[0])
