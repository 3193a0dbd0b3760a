from brushprint.core.job_log import logged
from brushprint.page.npm import Package, fetch

with logged(snakemake.log[0], snakemake.output):
    fetch(Package(**snakemake.params.package), snakemake.output[0])
