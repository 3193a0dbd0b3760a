from brushprint.catalogue import catalogue
from brushprint.console import LOG, logged
from brushprint.tables import write_parquet

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
