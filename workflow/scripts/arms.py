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
    arms = evaluate_arms(predictions, params.arms, rate=params.false_alarm_rate, seed=params.seed)
    write_json(arms, snakemake.output[0])
