import numpy as np
import pandas as pd

from brushprint import networks
from brushprint.console import logged
from brushprint.inference import infer
from brushprint.tables import write_parquet
from brushprint.taxonomy import classes_of

with logged(snakemake.log[0]):
    network, about = networks.load(snakemake.input.model)
    table = pd.read_parquet(snakemake.input.split)
    table["label"] = classes_of(table, about["task"])
    table = table[table["partition"] != "train"].dropna(subset="label")
    pixels = np.load(snakemake.input.pixels, mmap_mode="r")
    predictions, features = infer(
        network,
        pixels,
        table,
        architecture=about["architecture"],
        classes=about["classes"],
        device=snakemake.params.device,
    )
    write_parquet(predictions, snakemake.output.predictions)
    write_parquet(features, snakemake.output.features)
