from brushprint.core.job_log import LOG, logged
from brushprint.core.tables import write_parquet
from brushprint.data.corrupted_arrays import read_picked

with logged(snakemake.log[0]):
    picked, rejected = read_picked(snakemake.params.root, jobs=snakemake.threads)
    LOG.info("picked: %d pictures, %d files rejected", len(picked), len(rejected))
    write_parquet(picked, snakemake.output.pictures)
    write_parquet(rejected, snakemake.output.rejected)
