import json
from pathlib import Path

import pandas as pd

from brushprint.core.job_log import LOG, logged
from brushprint.core.tables import write_json
from brushprint.evaluation.shortcut_audit import audit, compared

with logged(snakemake.log[0], snakemake.output):
    given, params = snakemake.input, snakemake.params
    catalogue = pd.read_parquet(given.catalogue)
    groups = pd.read_parquet(given.groups)["group"].to_numpy()
    how = {"margin": params.margin, "pictures": params.pictures, "seed": params.seed}
    results = {
        state: audit(pd.read_parquet(file), catalogue, groups, **how)
        for state, file in zip(params.states, given.features, strict=True)
    }
    for row in results[params.states[-1]]:
        if row["reported"]:
            LOG.warning("possible shortcut for %s: %s", row["question"], row["features"])
    unusable = compared(json.loads(Path(given.unusable).read_text()))
    write_json({"margin": params.margin, "unusable": unusable, **results}, snakemake.output[0])
