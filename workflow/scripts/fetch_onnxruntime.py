from brushprint.core.job_log import logged
from brushprint.page.npm import Package, vendor

with logged(snakemake.log[0]):
    vendor(Package(**snakemake.params.package), snakemake.output[0])
