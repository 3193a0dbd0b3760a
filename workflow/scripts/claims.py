import json
from pathlib import Path

import pandas as pd

from brushprint.core.job_log import logged
from brushprint.core.tables import write_json
from brushprint.report.claims_schema import load
from brushprint.report.judging import judge

with logged(snakemake.log[0], snakemake.output):
    files, params = snakemake.input, snakemake.params
    splits = dict(zip(params.splits, map(pd.read_parquet, files.splits), strict=True))
    variants = {
        name: {
            "history": pd.read_csv(history),
            "metrics": json.loads(Path(metrics).read_text()),
            "latent": json.loads(Path(latent).read_text()),
            "split": splits[split],
            "effects": pd.read_parquet(effects),
            "embedding": json.loads(Path(embedding).read_text()),
        }
        for (name, split), history, metrics, latent, effects, embedding in zip(
            params.variants.items(),
            *(files.history, files.metrics, files.latent, files.effects, files.embedding),
            strict=True,
        )
    }
    ledger = judge(
        load(files.claims),
        collection=params.collection,
        synthetic=params.synthetic,
        budget=params.budget,
        from_scratch=params.from_scratch,
        changed=params.changed,
        catalogue=pd.read_parquet(files.catalogue),
        variants=variants,
    )
    write_json(ledger, snakemake.output[0])
