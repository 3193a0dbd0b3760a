from pathlib import Path

from brushprint.checksums import write_sums
from brushprint.console import logged

with logged(snakemake.log[0]):
    write_sums(map(Path, snakemake.input), Path(snakemake.output[0]))
