from pathlib import Path

from brushprint.core.job_log import logged
from brushprint.workflow.checksums import write_sums

with logged(snakemake.log[0], snakemake.output):
    write_sums(map(Path, snakemake.input), Path(snakemake.output[0]))
