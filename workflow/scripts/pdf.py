from pathlib import Path

from brushprint.core.job_log import logged
from brushprint.report.pdf import print_pdf

with logged(snakemake.log[0], snakemake.output):
    print_pdf(Path(snakemake.input[0]), Path(snakemake.output[0]))
