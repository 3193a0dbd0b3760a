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
        counts = independent(split, cross_validated=name in snakemake.params.cross_validated)
        too_few = lacking(counts, snakemake.params.false_alarm_rate)
        results[name] = leakage(split, pairs) | {"independent": counts, "lacking": too_few}
        for line in (counted(counts), *too_few.values()):
            LOG.info("note: split %s: %s", name, line)
    write_json(results, snakemake.output[0])
