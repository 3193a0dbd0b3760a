import json
from pathlib import Path

import pandas as pd

from brushprint.core.job_log import logged
from brushprint.core.tables import write_csv, write_json
from brushprint.data.taxonomy import TASKS, with_classes
from brushprint.evaluation.metrics import PARTS
from brushprint.evaluation.predictions import FACTS, delivered_table
from brushprint.evaluation.variant import evaluate_variant

with logged(snakemake.log[0], snakemake.output):
    given, params = snakemake.input, snakemake.params
    thresholds = json.loads(Path(given.thresholds).read_text())
    columns = sorted({*FACTS, "partition", "fold", "copy", *TASKS[params.task], *PARTS})
    pictures = with_classes(pd.read_parquet(given.split, columns=columns), params.task)
    delivered = pd.read_parquet(given.delivered)
    evaluation = evaluate_variant(
        pd.read_parquet(given.predictions),
        delivered_table(delivered, pictures[pictures["copy"] == 0], thresholds),
        thresholds,
        pictures,
        seed=params.seed,
    )
    write_json(evaluation.metrics, snakemake.output.metrics)
    for name in ("roc", "confusion", "detection", "styles"):
        write_csv(getattr(evaluation, name), snakemake.output[name])
