import pandas as pd

from brushprint.core.job_log import logged
from brushprint.core.tables import write_json, write_npz, write_parquet
from brushprint.data.array_digests import open_array
from brushprint.models.files import load_model
from brushprint.saliency.explain import explain

with logged(snakemake.log[0], snakemake.output):
    given, params = snakemake.input, snakemake.params
    explanations = explain(
        load_model(given.model),
        open_array(given.pixels, given.seal),
        pd.read_parquet(given.predictions, filters=[("partition", "==", "test")]),
        pd.read_parquet(given.points),
        pictures=params.pictures,
        panel=params.panel,
        occlusion=params.occlusion,
        seed=params.seed,
        device=params.device,
    )
    write_json(explanations.summary, snakemake.output.summary)
    write_parquet(explanations.numbers, snakemake.output.numbers)
    write_npz(explanations.arrays, snakemake.output.heatmaps)
