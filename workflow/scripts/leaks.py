import pandas as pd

from brushprint.core.job_log import LOG, logged
from brushprint.core.tables import write_json
from brushprint.data.near_duplicates import leakage
from brushprint.evaluation.sufficiency import counted, independent, lacking

with logged(snakemake.log[0], snakemake.output):
    pairs = pd.read_parquet(snakemake.input.pairs)
    results = {}
    for name, file in zip(snakemake.params.splits, snakemake.input.splits, strict=True):
        split = pd.read_parquet(file)
        counts = independent(split)
        results[name] = leakage(split, pairs) | {"independent": counts, "lacking": lacking(counts)}
        for line in (counted(counts), *lacking(counts).values()):
            LOG.info("note: split %s: %s", name, line)
    write_json(results, snakemake.output[0])
