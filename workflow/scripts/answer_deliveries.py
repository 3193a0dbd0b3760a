import json
from pathlib import Path

import numpy as np
import pandas as pd
from safetensors.torch import load_file

from brushprint.core.job_log import logged
from brushprint.core.tables import write_parquet
from brushprint.data.array_digests import open_array
from brushprint.data.delivered_arrays import deliveries_of
from brushprint.data.taxonomy import with_classes
from brushprint.models.files import load_model
from brushprint.training.folds import cross_validated, rows_to_answer
from brushprint.training.inference import infer

with logged(snakemake.log[0], snakemake.output):
    given = snakemake.input
    model = load_model(given.model)
    heads = load_file(given.folds) if given.get("folds") else {}
    split = pd.read_parquet(given.split, filters=[("copy", "==", 0)])
    image_ids = np.array(json.loads(Path(given.digest).read_text())["image_id"])
    table = deliveries_of(with_classes(rows_to_answer(split, heads), model.about["task"]), image_ids)
    array = open_array(given.delivered, given.seal, snakemake.params.array)
    flat = array.reshape(-1, *array.shape[2:])
    probabilities, _ = infer(model, flat, table, device=snakemake.params.device)
    probabilities["delivery"] = table["delivery"]
    write_parquet(cross_validated(model, heads, flat, table, probabilities), snakemake.output[0])
