import pandas as pd

from brushprint.console import logged
from brushprint.digest import key, sha256
from brushprint.pixels import write_pixels
from brushprint.seal import write_pixels_digest

with logged(snakemake.log[0]):
    catalogue = snakemake.input.catalogue
    pixels = write_pixels(
        snakemake.params.root,
        pd.read_parquet(catalogue),
        snakemake.output.pixels,
        size=int(snakemake.wildcards.size),
        resize=snakemake.wildcards.resize,
        jobs=snakemake.threads,
        harmonise=snakemake.params.harmonise,
    )
    made_from = key([*snakemake.params, sha256(catalogue)])
    write_pixels_digest(snakemake.output.digest, pixels=pixels, made_from=made_from)
