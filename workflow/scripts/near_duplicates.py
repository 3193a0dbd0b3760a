import pandas as pd

from brushprint.core.job_log import LOG, logged
from brushprint.core.tables import write_parquet
from brushprint.data import near_duplicates

with logged(snakemake.log[0], snakemake.output):
    inputs, output = snakemake.input, snakemake.output
    catalogue = pd.read_parquet(inputs.catalogue)
    mirrored = pd.read_parquet(inputs.features, columns=["phash_mirrored"])["phash_mirrored"]
    pairs, groups = near_duplicates.find(snakemake.params.root, catalogue, mirrored, jobs=snakemake.threads)
    LOG.info("%d pairs of near duplicates", len(pairs))
    write_parquet(pairs, output.pairs)
    write_parquet(catalogue[["image_id"]].assign(group=groups), output.groups)
