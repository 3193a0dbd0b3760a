from pathlib import Path

from brushprint.core.job_log import logged
from brushprint.core.tables import write_json

with logged(snakemake.log[0], snakemake.output):
    write_json({"weights": Path(snakemake.input[0]).read_text().split()[0]}, snakemake.output[0])
