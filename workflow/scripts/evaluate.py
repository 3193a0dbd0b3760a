import json
from pathlib import Path

import pandas as pd

from brushprint.core.job_log import logged
from brushprint.core.tables import write_csv, write_json
from brushprint.data.taxonomy import TASKS, with_classes
from brushprint.evaluation.metrics import PARTS
from brushprint.evaluation.variant import evaluate_variant

with logged(snakemake.log[0], snakemake.output):
    given, params = snakemake.input, snakemake.params
    columns = sorted({"partition", "fold", "group", *TASKS[params.task], *PARTS})
    evaluation = evaluate_variant(
        pd.read_parquet(given.predictions),
        json.loads(Path(given.thresholds).read_text()),
        with_classes(pd.read_parquet(given.split, columns=columns), params.task),
        seed=params.seed,
    )
    write_json(evaluation.metrics, snakemake.output.metrics)
    for name in ("roc", "confusion", "detection", "styles"):
        write_csv(getattr(evaluation, name), snakemake.output[name])
