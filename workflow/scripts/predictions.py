import pandas as pd

from brushprint.core.job_log import logged
from brushprint.core.tables import write_json, write_parquet
from brushprint.data.taxonomy import with_classes
from brushprint.evaluation.predictions import predictions_table

with logged(snakemake.log[0], snakemake.output):
    given, params = snakemake.input, snakemake.params
    split = pd.read_parquet(given.split, filters=[("copy", "==", 0)])
    table, thresholds = predictions_table(
        pd.read_parquet(given.probabilities),
        with_classes(split, params.task),
        params.false_alarm_rate,
        pd.read_parquet(given.delivered) if given.get("delivered") else None,
    )
    write_parquet(table, snakemake.output.predictions)
    write_json(thresholds, snakemake.output.thresholds)
