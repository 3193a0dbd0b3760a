from pathlib import Path

import pandas as pd

from brushprint.core.digest import write_sha256
from brushprint.core.job_log import logged
from brushprint.core.tables import write_parquet
from brushprint.data.array_digests import open_array
from brushprint.data.taxonomy import with_classes
from brushprint.models.files import load_model
from brushprint.models.processes import Processes
from brushprint.training.inference import infer

with logged(snakemake.log[0], snakemake.output):
    model = load_model(snakemake.input.model)
    held_out = pd.read_parquet(snakemake.input.split, filters=[("partition", "!=", "train"), ("copy", "==", 0)])
    name = "encoded" if snakemake.input.get("encoded") else "pixels"
    probabilities, features = infer(
        model,
        open_array(snakemake.input[name], snakemake.input.seal, name),
        with_classes(held_out, model.about["task"]),
        device=snakemake.params.device,
        processes=Processes(snakemake.resources.devices, snakemake.resources.nodes),
        folder=Path(snakemake.params.folder),
    )
    write_parquet(probabilities, snakemake.output.probabilities)
    write_parquet(features, snakemake.output.features)
    write_sha256(snakemake.output.features, snakemake.output.digest)
