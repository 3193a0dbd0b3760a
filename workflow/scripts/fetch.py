from pathlib import Path

from brushprint.core.digest import write_sha256
from brushprint.core.job_log import logged
from brushprint.data.download import fetch

with logged(snakemake.log[0], snakemake.output):
    target = Path(snakemake.output.archive)
    fetch(snakemake.params.source, target, sha256=snakemake.params.sha256)
    write_sha256(target, snakemake.output.digest)
