import json
from pathlib import Path

import pandas as pd

from brushprint.core.job_log import logged
from brushprint.core.tables import write_json
from brushprint.evaluation.comparison import compare_variants, headlines

with logged(snakemake.log[0], snakemake.output):
    given, tasks = snakemake.input, snakemake.params.tasks
    metrics = {name: json.loads(Path(file).read_text()) for name, file in zip(tasks, given.metrics, strict=True)}
    predictions = {
        name: pd.read_parquet(file, filters=[("partition", "==", "test")])
        for name, file in zip(tasks, given.predictions, strict=True)
    }
    write_json(headlines(metrics), snakemake.output.metrics)
    write_json(compare_variants(predictions, tasks, snakemake.params.seed), snakemake.output.comparisons)
