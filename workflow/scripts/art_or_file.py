import pandas as pd

from brushprint.core.job_log import logged
from brushprint.core.tables import write_json
from brushprint.evaluation.art_or_file import art_or_file

with logged(snakemake.log[0], snakemake.output):
    given, params = snakemake.input, snakemake.params
    features = pd.read_parquet(given.features)
    rows = []
    for name, predictions, harmonised, rates in zip(
        params.variants, given.predictions, given.harmonised, given.rates, strict=True
    ):
        tested, retrained = (
            pd.read_parquet(file, filters=[("partition", "==", "test")]) for file in (predictions, harmonised)
        )
        measured = art_or_file(tested, retrained, features, pd.read_parquet(rates), seed=params.seed)
        rows.append({"variant": name, **measured})
    write_json(rows, snakemake.output[0])
