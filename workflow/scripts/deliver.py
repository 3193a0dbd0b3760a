import pandas as pd

from brushprint.core.digest import key, sha256
from brushprint.core.job_log import logged
from brushprint.core.tables import write_json
from brushprint.data.delivered_arrays import draw_pictures, write_delivered

with logged(snakemake.log[0], snakemake.output):
    inputs, params, wildcards = snakemake.input, snakemake.params, snakemake.wildcards
    rows = draw_pictures(pd.read_parquet(inputs.split), pictures=params.pictures, seed=params.seed)
    pictures = pd.read_parquet(inputs.catalogue).iloc[rows]
    digest = write_delivered(
        params.root,
        pictures,
        snakemake.output.pixels,
        size=int(wildcards.size),
        resize=wildcards.resize,
        jobs=snakemake.threads,
        harmonise=params.harmonise,
    )
    made_from = key([*params, sha256(inputs.catalogue), sha256(inputs.split)])
    about = {"pixels": digest, "made_from": made_from, "image_id": pictures["image_id"].tolist()}
    write_json(about, snakemake.output.digest)
