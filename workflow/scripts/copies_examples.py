from pathlib import Path

import numpy as np
import pandas as pd

from brushprint.core.job_log import logged
from brushprint.data.oversampling import examples
from brushprint.figures.style import copies as draw

with logged(snakemake.log[0]):
    given = snakemake.input
    pixels, copies = (np.load(array, mmap_mode="r") for array in (given.pixels, given.copies))
    shown = examples(pixels, copies, pd.read_parquet(given.split))
    draw(shown, snakemake.params.settings, Path(snakemake.output[0]))
