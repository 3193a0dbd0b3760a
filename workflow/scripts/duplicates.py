import pandas as pd

from brushprint.core.job_log import LOG, logged
from brushprint.core.tables import write_parquet
from brushprint.data.near_duplicates import duplicates

with logged(snakemake.log[0]):
    given = snakemake.input
    catalogue = pd.read_parquet(given.catalogue)
    mirrored = pd.read_parquet(given.cues, columns=["phash_mirrored"])["phash_mirrored"]
    pairs, groups = duplicates(snakemake.params.root, catalogue, mirrored, jobs=snakemake.threads)
    LOG.info("duplicates: %d pairs of near duplicates", len(pairs))
    write_parquet(pairs, snakemake.output.pairs)
    write_parquet(catalogue[["image_id"]].assign(group=groups), snakemake.output.groups)
