from brushprint.console import LOG, logged
from brushprint.perturbed import read_picked
from brushprint.tables import write_parquet

with logged(snakemake.log[0]):
    picked, rejected = read_picked(snakemake.params.root, jobs=snakemake.threads)
    LOG.info("picked: %d pictures, %d files rejected", len(picked), len(rejected))
    write_parquet(picked, snakemake.output.pictures)
    write_parquet(rejected, snakemake.output.rejected)
