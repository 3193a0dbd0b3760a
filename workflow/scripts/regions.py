import pandas as pd

from brushprint.core.job_log import logged
from brushprint.core.tables import write_json, write_parquet
from brushprint.data.array_digests import open_array
from brushprint.models.files import load_model
from brushprint.saliency.region_analysis import analyse_regions

with logged(snakemake.log[0], snakemake.output):
    given, params = snakemake.input, snakemake.params
    analysis = analyse_regions(
        load_model(given.model),
        open_array(given.pixels, given.seal),
        pd.read_parquet(given.predictions, filters=[("partition", "==", "test")]),
        pd.read_parquet(given.points),
        pd.read_parquet(given.faces),
        random_networks=params.random_networks,
        seed=params.seed,
        checked=params.checked,
        checking_seed=params.checking_seed,
        device=params.device,
    )
    write_parquet(analysis.shares, snakemake.output.shares)
    write_parquet(analysis.effects, snakemake.output.effects)
    write_parquet(analysis.mean_maps, snakemake.output.maps)
    write_parquet(analysis.curves, snakemake.output.curves)
    write_json(analysis.faithfulness, snakemake.output.faithfulness)
