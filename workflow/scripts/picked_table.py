from pathlib import Path

import numpy as np
import pandas as pd

from brushprint.core.job_log import logged
from brushprint.core.tables import write_csv
from brushprint.data.catalogue import read_catalogued
from brushprint.figures.robustness import TILE, picked

with logged(snakemake.log[0], snakemake.output):
    inputs, params = snakemake.input, snakemake.params
    parts = [
        pd.read_parquet(file).assign(variant=name) for name, file in zip(params.variants, inputs.scores, strict=True)
    ]
    scores = pd.concat(parts, ignore_index=True)
    # One row for each picture and condition, one column for each variant.
    wide = scores.pivot(index=["path", "name", "severity"], columns="variant", values="p_ai")[list(params.variants)]
    write_csv(wide.reset_index(), snakemake.output.table)

    def thumbnail(picture):
        picture.thumbnail((TILE, TILE))
        return np.asarray(picture)

    pictures = pd.read_parquet(inputs.pictures)
    thumbnails = dict(read_catalogued(params.root, pictures, thumbnail, 1, "picked", harmonise=params.harmonise))
    picked(scores, {path: thumbnails[path] for path in sorted(thumbnails)}, Path(snakemake.output.figure))
