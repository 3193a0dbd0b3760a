import pandas as pd

from brushprint.core.job_log import logged
from brushprint.core.tables import write_json, write_parquet
from brushprint.data.taxonomy import with_classes
from brushprint.evaluation.predictions import predictions_table

with logged(snakemake.log[0], snakemake.output):
    split = pd.read_parquet(snakemake.input.split, filters=[("copy", "==", 0)])
    table, thresholds = predictions_table(
        pd.read_parquet(snakemake.input.probabilities),
        with_classes(split, snakemake.params.task),
        snakemake.params.false_alarm_rate,
    )
    write_parquet(table, snakemake.output.predictions)
    write_json(thresholds, snakemake.output.thresholds)
