from pathlib import Path

from brushprint.console import logged
from brushprint.printing import print_pdf

with logged(snakemake.log[0]):
    print_pdf(Path(snakemake.input[0]), Path(snakemake.output[0]))
