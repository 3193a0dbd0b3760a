import json
from pathlib import Path

import pandas as pd

from brushprint.core.job_log import logged
from brushprint.core.tables import write_json
from brushprint.data.array_digests import open_array
from brushprint.models.files import load_model
from brushprint.predict.onnx_models import export_checked

with logged(snakemake.log[0], snakemake.output):
    given, params, target = snakemake.input, snakemake.params, snakemake.output
    cost = export_checked(
        load_model(given.model),
        json.loads(Path(given.metrics).read_text()),
        open_array(given.pixels, given.seal),
        pd.read_parquet(given.predictions, filters=[("partition", "==", "test")]),
        files={"fp32": Path(target.model), "fp16": Path(target.half)},
        harmonise=params.harmonise,
        seed=params.seed,
    )
    write_json(cost, target.cost)
