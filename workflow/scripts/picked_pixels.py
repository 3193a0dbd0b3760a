import pandas as pd

from brushprint.core.digest import key, sha256
from brushprint.core.job_log import logged
from brushprint.data.array_digests import write_pixels_digest
from brushprint.data.corrupted_arrays import write_perturbed

with logged(snakemake.log[0]):
    params, wildcards = snakemake.params, snakemake.wildcards
    picked = pd.read_parquet(snakemake.input[0])
    pixels, _ = write_perturbed(
        params.root,
        picked,
        [None] * len(picked),
        snakemake.output.pixels,
        size=int(wildcards.size),
        resize=wildcards.resize,
        seed=params.seed,
        jobs=snakemake.threads,
        harmonise=params.harmonise,
    )
    made_from = key([*params, sha256(snakemake.input[0])])
    write_pixels_digest(snakemake.output.digest, pixels=pixels, made_from=made_from)
