from brushprint.core.job_log import logged
from brushprint.core.tables import write_parquet
from brushprint.data.catalogue import build_catalogue

with logged(snakemake.log[0], snakemake.output):
    params = snakemake.params
    catalogue, rejected = build_catalogue(
        params.root,
        params.labels,
        images=params.images,
        max_rejected=params.max_rejected,
        seed=params.seed,
        jobs=snakemake.threads,
        setting=params.setting,
    )
    write_parquet(catalogue, snakemake.output.catalogue)
    write_parquet(rejected, snakemake.output.rejected)
