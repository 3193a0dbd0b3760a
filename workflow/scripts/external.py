from brushprint.catalogue import catalogue
from brushprint.console import logged
from brushprint.tables import write_parquet

with logged(snakemake.log[0]):
    params = snakemake.params
    how = {"images": None, "max_rejected": params.max_rejected, "seed": 0, "jobs": snakemake.threads}
    table, rejected = catalogue(params.root, params.labels, **how)
    write_parquet(table, snakemake.output.catalogue)
    write_parquet(rejected, snakemake.output.rejected)
