from pathlib import Path

from brushprint.core.digest import write_sha256
from brushprint.core.job_log import logged
from brushprint.data.sample import draw_sample

with logged(snakemake.log[0], snakemake.output):
    target = Path(snakemake.output.archive)
    draw_sample(target, **snakemake.params.sample, seed=snakemake.params.seed, jobs=snakemake.threads)
    write_sha256(target, snakemake.output.digest)
