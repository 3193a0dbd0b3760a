import json
from pathlib import Path

import numpy as np
import pandas as pd

from brushprint.core.job_log import logged
from brushprint.core.tables import write_parquet
from brushprint.data.corruptions import CONDITIONS
from brushprint.data.taxonomy import with_classes
from brushprint.evaluation import detection
from brushprint.evaluation.robustness import rates
from brushprint.models.files import load_model
from brushprint.training.corrupted_inference import ai_scores

with logged(snakemake.log[0]):
    given, params = snakemake.input, snakemake.params
    model = load_model(given.model)
    chosen = json.loads(Path(given.perturbed_digest).read_text())
    split = pd.read_parquet(given.split, filters=[("copy", "==", 0)])
    pictures = with_classes(split, model.about["task"])
    origins = detection.origins_of(pictures)

    # Folders that the variant's split drops take no part.
    tested = pictures[pictures["partition"] == "test"].set_index("image_id")
    kept = np.array([image_id in tested.index for image_id in chosen["image_id"]], dtype=bool)
    ids, swapped = (np.array(chosen[name])[kept] for name in ("image_id", "swapped"))
    # The array may be larger than memory: it is not indexed.
    p_ai = ai_scores(model, np.load(given.perturbed, mmap_mode="r"), origins, device=params.device)[kept]
    p_ai[~swapped, CONDITIONS.index(("swap", 1))] = np.nan

    threshold = detection.cuts(pd.read_parquet(given.predictions), origins)["threshold"]
    is_ai = (tested.loc[ids, "origin"] == "ai").to_numpy()
    groups = tested.loc[ids, "group"].to_numpy()
    write_parquet(rates(p_ai, is_ai, groups, threshold=threshold, seed=params.seed), snakemake.output.rates)
    rows = pd.MultiIndex.from_tuples(CONDITIONS, names=["name", "severity"])
    table = pd.DataFrame(p_ai.T, index=rows, columns=ids).rename_axis(columns="image_id").stack()
    write_parquet(table.rename("p_ai").reset_index(), snakemake.output.scores)
