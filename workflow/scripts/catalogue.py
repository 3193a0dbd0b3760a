from brushprint.core.job_log import LOG, logged
from brushprint.core.tables import write_parquet
from brushprint.data.catalogue import catalogue

with logged(snakemake.log[0]):
    params = snakemake.params
    table, rejected = catalogue(
        params.root,
        params.labels,
        images=params.images,
        max_rejected=params.max_rejected,
        seed=params.seed,
        jobs=snakemake.threads,
    )
    LOG.info("catalogue: %d pictures, %d files rejected", len(table), len(rejected))
    for reason, files in rejected["reason"].value_counts().head(5).items():
        LOG.info("%d rejected: %s", files, reason)
    write_parquet(table, snakemake.output.catalogue)
    write_parquet(rejected, snakemake.output.rejected)
