from brushprint.core.job_log import logged
from brushprint.core.tables import write_parquet
from brushprint.data.catalogue import catalogue

with logged(snakemake.log[0]):
    params = snakemake.params
    how = {"images": None, "max_rejected": params.max_rejected, "seed": 0, "jobs": snakemake.threads}
    table, rejected = catalogue(params.root, params.labels, **how)
    write_parquet(table, snakemake.output.catalogue)
    write_parquet(rejected, snakemake.output.rejected)
