from pathlib import Path

import numpy as np

from brushprint.core.job_log import logged
from brushprint.figures.robustness import examples

with logged(snakemake.log[0]):
    examples(np.load(snakemake.input.perturbed, mmap_mode="r"), Path(snakemake.output[0]))
