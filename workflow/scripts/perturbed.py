import pandas as pd

from brushprint.core.digest import key, sha256
from brushprint.core.job_log import logged
from brushprint.core.tables import write_json
from brushprint.data.corrupted_arrays import choose, donors, write_perturbed
from brushprint.data.split import in_test

with logged(snakemake.log[0]):
    given, how, wildcards = snakemake.input, snakemake.params.how, snakemake.wildcards
    catalogue = pd.read_parquet(given.catalogue)
    groups = pd.read_parquet(given.groups)["group"].to_numpy()
    encodings = pd.read_parquet(given.cues, columns=["encoding"])["encoding"]
    draw = {name: how[name] for name in ("published", "test", "test_seed")}
    chosen = choose(catalogue, in_test(catalogue, groups, **draw), pictures=how["pictures"], seed=how["seed"])
    digest, table = write_perturbed(
        how["root"],
        catalogue.iloc[chosen],
        donors(catalogue, encodings, chosen, seed=how["seed"]),
        snakemake.output.pixels,
        size=int(wildcards.size),
        resize=wildcards.resize,
        seed=how["seed"],
        jobs=snakemake.threads,
        harmonise=how["harmonise"],
    )
    made_from = key([*snakemake.params, *(sha256(given[name]) for name in ("catalogue", "groups", "cues"))])
    write_json({"pixels": digest, "made_from": made_from, **table.to_dict("list")}, snakemake.output.digest)
