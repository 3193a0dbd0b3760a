import pandas as pd

from brushprint.core.job_log import logged
from brushprint.core.tables import write_parquet
from brushprint.evaluation.mistakes import mistakes, with_thumbnails

with logged(snakemake.log[0], snakemake.output):
    given, params = snakemake.input, snakemake.params
    catalogue = pd.read_parquet(given.catalogue)
    predictions = {
        name: pd.read_parquet(file, filters=[("partition", "==", "test")])
        for name, file in zip(params.variants, given.predictions, strict=True)
    }
    table = mistakes(catalogue, predictions)
    shown = with_thumbnails(table, params.root, catalogue, snakemake.threads, harmonise=params.harmonise)
    write_parquet(shown, snakemake.output[0])
