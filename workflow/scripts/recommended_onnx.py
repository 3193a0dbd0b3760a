import shutil

from brushprint.core.atomic import replacing
from brushprint.core.job_log import logged

with logged(snakemake.log[0], snakemake.output), replacing(snakemake.output[0]) as part:
    shutil.copyfile(snakemake.input.model, part)
