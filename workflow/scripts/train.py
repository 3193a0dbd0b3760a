from pathlib import Path

import pandas as pd

from brushprint.core.digest import write_sha256
from brushprint.core.job_log import logged
from brushprint.core.tables import write_csv
from brushprint.data.array_digests import open_array
from brushprint.data.taxonomy import with_classes
from brushprint.models.files import save_model
from brushprint.models.processes import Processes, run
from brushprint.models.recipe import Recipe
from brushprint.training.data import Data, class_index, rows_of
from brushprint.training.loop import train

with logged(snakemake.log[0], snakemake.output):
    params, variant = snakemake.params, snakemake.wildcards.variant
    inputs = snakemake.input
    pixels = open_array(inputs.pixels, inputs.seal)
    copies = open_array(inputs.copies, inputs.seal, "copies") if inputs.get("copies") else None
    # Test rows are never read here.
    split = pd.read_parquet(inputs.split, filters=[("partition", "!=", "test")])
    split = with_classes(split.assign(row=rows_of(split, len(pixels))), params.task)
    parts = [split[split["partition"] == name] for name in ("train", "validation")]
    classes = sorted(parts[0]["label"].unique())
    training, validation = (
        Data(pixels, part["row"].to_numpy(), class_index(part["label"], classes), copies) for part in parts
    )
    seals = [Path(file).read_text() for file in (inputs.seal, inputs.get("weights_seal")) if file]
    resources, checkpoint = snakemake.resources, Path(params.checkpoint)
    state, history = run(
        train,
        Processes(resources.devices, resources.nodes),
        checkpoint.with_suffix(""),
        recipe=Recipe(**params.recipe),
        data=training,
        validation=validation,
        classes=classes,
        seed=params.seed,
        device=params.device,
        weights=inputs.get("weights"),
        checkpoint=checkpoint,
        identity=[list(params), *seals],
        label=variant,
    )[0]
    about = {"variant": variant, "task": params.task, "classes": classes, **params.recipe}
    save_model(snakemake.output.model, state, about)
    write_sha256(snakemake.output.model, snakemake.output.digest)
    write_csv(history, snakemake.output.history)
