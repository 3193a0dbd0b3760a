import pandas as pd

from brushprint.core.digest import key, sha256
from brushprint.core.job_log import logged
from brushprint.data.array_digests import write_array_digest
from brushprint.data.pixels import write_pixels

with logged(snakemake.log[0], snakemake.output):
    catalogue = snakemake.input.catalogue
    pixels = write_pixels(
        snakemake.params.root,
        pd.read_parquet(catalogue),
        snakemake.output.pixels,
        size=int(snakemake.wildcards.size),
        resize=snakemake.wildcards.resize.removeprefix("harmonised-"),
        jobs=snakemake.threads,
        harmonise=snakemake.params.harmonise,
    )
    made_from = key([*snakemake.params, sha256(catalogue)])
    write_array_digest(snakemake.output.digest, pixels=pixels, made_from=made_from)
