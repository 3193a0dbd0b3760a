from pathlib import Path

import pandas as pd

from brushprint import networks
from brushprint.console import logged
from brushprint.digest import write_sha256
from brushprint.recipe import Recipe
from brushprint.seal import open_pixels
from brushprint.tables import write_csv
from brushprint.taxonomy import with_classes
from brushprint.training import Data, class_index, train

with logged(snakemake.log[0]):
    params, variant = snakemake.params, snakemake.wildcards.variant
    # Test rows are never read here.
    parts = {
        name: with_classes(pd.read_parquet(snakemake.input.split, filters=[("partition", "==", name)]), params.task)
        for name in ("train", "validation")
    }
    classes = sorted(parts["train"]["label"].unique())
    pixels = open_pixels(snakemake.input.pixels, snakemake.input.seal)
    learn, judge = (
        Data(pixels, parts[name]["row"].to_numpy(), class_index(parts[name]["label"], classes)) for name in parts
    )
    begun_from = snakemake.input.get("weights_digest") and Path(snakemake.input.weights_digest).read_text()
    state, history = train(
        recipe=Recipe(**params.recipe),
        data=learn,
        validation=judge,
        classes=classes,
        seed=params.seed,
        device=params.device,
        weights=snakemake.input.get("weights"),
        checkpoint=Path(params.checkpoint),
        identity=[list(params), Path(snakemake.input.seal).read_text(), begun_from],
        label=variant,
    )
    about = {"variant": variant, "task": params.task, "classes": classes, **params.recipe}
    networks.save(snakemake.output.model, state, about)
    write_sha256(snakemake.output.model, snakemake.output.digest)
    write_csv(history, snakemake.output.history)
