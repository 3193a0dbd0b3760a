import json
from pathlib import Path

import pandas as pd

from brushprint.core.job_log import logged
from brushprint.core.tables import write_json
from brushprint.evaluation.recommendation import recommend

with logged(snakemake.log[0], snakemake.output):
    given, params = snakemake.input, snakemake.params
    thresholds = {
        name: json.loads(Path(file).read_text()) for name, file in zip(params.variants, given.thresholds, strict=True)
    }
    predictions = {
        name: pd.read_parquet(file, filters=[("partition", "==", "test")])
        for name, file in zip(params.variants, given.predictions, strict=True)
    }
    write_json(recommend(thresholds, predictions, params.seed), snakemake.output[0])
