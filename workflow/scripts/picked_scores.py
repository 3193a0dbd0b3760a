import json
from pathlib import Path

import numpy as np
import pandas as pd

from brushprint.core.job_log import logged
from brushprint.core.tables import write_parquet
from brushprint.evaluation.picked import picked_scores
from brushprint.models.files import load_model
from brushprint.training.corrupted_inference import ai_scores

with logged(snakemake.log[0], snakemake.output):
    given = snakemake.input
    thresholds = json.loads(Path(given.thresholds).read_text())
    chosen, pixels = thresholds["final"], np.load(given.pixels, mmap_mode="r")
    p_ai = ai_scores(
        load_model(given.model),
        pixels,
        origins=thresholds["origins"],
        temperature=chosen["temperature"],
        device=snakemake.params.device,
    )
    paths = pd.read_parquet(given.picked, columns=["path"])["path"]
    write_parquet(picked_scores(paths, p_ai, chosen["threshold"]), snakemake.output[0])
