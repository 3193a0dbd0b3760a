from brushprint.console import logged
from brushprint.npm import Package, vendor

with logged(snakemake.log[0]):
    vendor(Package(**snakemake.params.package), snakemake.output[0])
