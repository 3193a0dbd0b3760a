import pandas as pd

from brushprint.core.job_log import logged
from brushprint.core.tables import write_parquet
from brushprint.data.split import check_origins, draw_split

with logged(snakemake.log[0], snakemake.output):
    inputs, params = snakemake.input, snakemake.params
    split = draw_split(
        pd.read_parquet(inputs.catalogue),
        pd.read_parquet(inputs.groups)["group"].to_numpy(),
        **params.split,
        capped=params.capped,
        test_seed=params.test_seed,
        seed=params.seed,
    )
    check_origins(split)
    write_parquet(split, snakemake.output[0])
