from pathlib import Path

from brushprint.console import logged
from brushprint.tables import write_json

with logged(snakemake.log[0]):
    write_json({"weights": Path(snakemake.input[0]).read_text().split()[0]}, snakemake.output[0])
