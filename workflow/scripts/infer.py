from pathlib import Path

import pandas as pd
from safetensors.torch import load_file

from brushprint.core.digest import write_sha256
from brushprint.core.job_log import logged
from brushprint.core.tables import write_parquet
from brushprint.data.array_digests import open_array
from brushprint.data.taxonomy import with_classes
from brushprint.models.files import load_model
from brushprint.models.processes import Processes
from brushprint.training.folds import cross_validated, rows_to_answer
from brushprint.training.inference import infer

with logged(snakemake.log[0], snakemake.output):
    model = load_model(snakemake.input.model)
    heads = load_file(snakemake.input.folds) if snakemake.input.get("folds") else {}
    split = pd.read_parquet(snakemake.input.split, filters=[("copy", "==", 0)])
    table = with_classes(rows_to_answer(split, heads), model.about["task"])
    name = "encoded" if snakemake.input.get("encoded") else "pixels"
    array = open_array(snakemake.input[name], snakemake.input.seal, name)
    probabilities, features = infer(
        model,
        array,
        table,
        device=snakemake.params.device,
        processes=Processes(snakemake.resources.devices, snakemake.resources.nodes),
        folder=Path(snakemake.params.folder),
    )
    write_parquet(cross_validated(model, heads, array, table, probabilities), snakemake.output.probabilities)
    write_parquet(features, snakemake.output.features)
    write_sha256(snakemake.output.features, snakemake.output.digest)
