import pandas as pd

from brushprint.core.digest import key, sha256
from brushprint.core.job_log import logged
from brushprint.core.tables import write_json
from brushprint.data.corrupted_arrays import draw_test_pictures, write_corrupted

with logged(snakemake.log[0], snakemake.output):
    inputs, params, wildcards = snakemake.input, snakemake.params, snakemake.wildcards
    pictures = pd.read_parquet(inputs.catalogue)
    encodings = [None] * len(pictures)
    # Without `draw` the pictures are hand-picked: all are corrupted, and none has a donor.
    if params.draw:
        groups = pd.read_parquet(inputs.groups)["group"].to_numpy()
        own_encodings = pd.read_parquet(inputs.features, columns=["encoding"])["encoding"]
        pictures, encodings = draw_test_pictures(pictures, groups, own_encodings, **params.draw, seed=params.seed)
    digest, table = write_corrupted(
        params.root,
        pictures,
        encodings,
        snakemake.output.pixels,
        size=int(wildcards.size),
        resize=wildcards.resize,
        seed=params.seed,
        jobs=snakemake.threads,
        harmonise=params.harmonise,
    )
    tables = [sha256(file) for _, file in inputs.items()]
    made_from = key([*params, *tables])
    write_json({"pixels": digest, "made_from": made_from, **table.to_dict("list")}, snakemake.output.digest)
