from pathlib import Path

import numpy as np
import pandas as pd

from brushprint import networks
from brushprint.console import logged
from brushprint.recipe import Recipe
from brushprint.tables import write_csv
from brushprint.taxonomy import classes_of
from brushprint.training import Data, class_index, train

with logged(snakemake.log[0]):
    params, variant = snakemake.params, snakemake.wildcards.variant
    table = pd.read_parquet(snakemake.input.split)
    table["label"] = classes_of(table, params.task)
    table = table.dropna(subset="label")
    parts = {name: table[table["partition"] == name] for name in ("train", "validation")}
    classes = sorted(parts["train"]["label"].unique())
    pixels = np.load(snakemake.input.pixels, mmap_mode="r")
    learn, judge = (
        Data(pixels, parts[name]["row"].to_numpy(), class_index(parts[name]["label"], classes)) for name in parts
    )
    state, history = train(
        recipe=Recipe(**params.recipe),
        data=learn,
        validation=judge,
        classes=classes,
        seed=params.seed,
        device=params.device,
        checkpoint=Path(params.checkpoint),
        identity=[list(params), Path(snakemake.input.seal).read_text()],
        label=variant,
    )
    about = {"variant": variant, "task": params.task, "classes": classes, **params.recipe}
    networks.save(snakemake.output.model, state, about)
    write_csv(history, snakemake.output.history)
