import pandas as pd

from brushprint.core.digest import write_sha256
from brushprint.core.job_log import logged
from brushprint.core.tables import write_csv
from brushprint.data.array_digests import open_array
from brushprint.data.taxonomy import with_classes
from brushprint.models.files import save_model
from brushprint.training.heads import as_state, fit_heads

with logged(snakemake.log[0], snakemake.output):
    inputs, params, name = snakemake.input, snakemake.params, snakemake.wildcards.variant
    split = with_classes(pd.read_parquet(inputs.split, filters=[("copy", "==", 0)]), params.task)
    fitted = fit_heads(
        open_array(inputs.encoded, inputs.seal, "encoded"),
        split,
        balanced=params.recipe["class_weights"] == "balanced",
        seed=params.seed,
        label=name,
    )
    about = {"variant": name, "task": params.task, "classes": fitted.classes, **params.recipe}
    save_model(snakemake.output.model, as_state(fitted.head, about, inputs.weights), about)
    write_sha256(snakemake.output.model, snakemake.output.digest)
    save_model(snakemake.output.folds, fitted.folds, {})
    write_csv(fitted.history, snakemake.output.history)
