import pandas as pd

from brushprint.core.job_log import logged
from brushprint.core.tables import write_json
from brushprint.evaluation.arms import evaluate_arms

with logged(snakemake.log[0], snakemake.output):
    given, params = snakemake.input, snakemake.params
    predictions = {
        name: pd.read_parquet(file, filters=[("partition", "==", "test")])
        for name, file in zip(params.variants, given.predictions, strict=True)
    }
    write_json(evaluate_arms(predictions, params.arms, params.seed), snakemake.output[0])
