import json
from pathlib import Path

import numpy as np
import pandas as pd
from safetensors.torch import load_file

from brushprint.core.job_log import logged
from brushprint.core.tables import write_parquet
from brushprint.evaluation.robustness import evaluate_corrupted, folds_of
from brushprint.evaluation.thresholds import of_fold
from brushprint.models.files import load_model
from brushprint.training.corrupted_inference import fold_scores

with logged(snakemake.log[0], snakemake.output):
    given, params = snakemake.input, snakemake.params
    thresholds, corrupted = (json.loads(Path(given[name]).read_text()) for name in ("thresholds", "corrupted_digest"))
    tested = pd.read_parquet(given.predictions, filters=[("partition", "==", "test")])
    folds = folds_of(corrupted["image_id"], tested)
    p_ai = fold_scores(
        load_model(given.model),
        load_file(given.folds) if given.get("folds") else {},
        # The array may be larger than memory.
        np.load(given.corrupted, mmap_mode="r"),
        folds,
        origins=thresholds["origins"],
        temperatures={fold: of_fold(thresholds, fold)["temperature"] for fold in set(folds)},
        device=params.device,
    )
    rates, scores = evaluate_corrupted(
        p_ai, corrupted["image_id"], corrupted["swapped"], tested, thresholds=thresholds, seed=params.seed
    )
    write_parquet(rates, snakemake.output.rates)
    write_parquet(scores, snakemake.output.scores)
