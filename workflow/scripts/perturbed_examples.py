from pathlib import Path

import numpy as np

from brushprint.console import logged
from brushprint.figures_robustness import examples

with logged(snakemake.log[0]):
    examples(np.load(snakemake.input.perturbed, mmap_mode="r"), Path(snakemake.output[0]))
