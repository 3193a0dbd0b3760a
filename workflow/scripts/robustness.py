import json
from pathlib import Path

import numpy as np
import pandas as pd

from brushprint.core.job_log import logged
from brushprint.core.tables import write_parquet
from brushprint.evaluation.robustness import evaluate_corrupted
from brushprint.models.files import load_model
from brushprint.training.corrupted_inference import ai_scores

with logged(snakemake.log[0], snakemake.output):
    given, params = snakemake.input, snakemake.params
    thresholds, corrupted = (json.loads(Path(given[name]).read_text()) for name in ("thresholds", "corrupted_digest"))
    # The array may be larger than memory.
    pixels = np.load(given.corrupted, mmap_mode="r")
    rates, scores = evaluate_corrupted(
        ai_scores(load_model(given.model), pixels, thresholds["origins"], device=params.device),
        corrupted["image_id"],
        corrupted["swapped"],
        pd.read_parquet(given.predictions, filters=[("partition", "==", "test")]),
        threshold=thresholds["threshold"],
        seed=params.seed,
    )
    write_parquet(rates, snakemake.output.rates)
    write_parquet(scores, snakemake.output.scores)
