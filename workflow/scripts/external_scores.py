import json
from pathlib import Path

import numpy as np
import pandas as pd

from brushprint.core.job_log import logged
from brushprint.core.tables import write_json, write_parquet
from brushprint.evaluation.external import evaluate_external
from brushprint.models.files import load_model
from brushprint.training.corrupted_inference import ai_scores

with logged(snakemake.log[0], snakemake.output):
    given, params = snakemake.input, snakemake.params
    thresholds = json.loads(Path(given.thresholds).read_text())
    chosen, pixels = thresholds["final"], np.load(given.pixels, mmap_mode="r")[:, None]
    p_ai = ai_scores(
        load_model(given.model),
        pixels,
        origins=thresholds["origins"],
        temperature=chosen["temperature"],
        device=params.device,
    )
    metrics, scores = evaluate_external(
        pd.read_parquet(given.external),
        p_ai[:, 0],
        pd.read_parquet(given.catalogue, columns=["sha256", "phash"]),
        chosen["threshold"],
        seed=params.seed,
    )
    write_json(metrics, snakemake.output.metrics)
    write_parquet(scores, snakemake.output.scores)
