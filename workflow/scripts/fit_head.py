import pandas as pd

from brushprint.core.digest import write_sha256
from brushprint.core.job_log import logged
from brushprint.core.tables import write_csv
from brushprint.data.array_digests import open_array
from brushprint.data.taxonomy import with_classes
from brushprint.models.files import save_model
from brushprint.training.data import class_index
from brushprint.training.heads import as_state, fit_head

with logged(snakemake.log[0], snakemake.output):
    inputs, params, name = snakemake.input, snakemake.params, snakemake.wildcards.variant
    features = open_array(inputs.encoded, inputs.seal, "encoded")
    # Test rows are never read here.
    split = with_classes(pd.read_parquet(inputs.split, filters=[("partition", "==", "train")]), params.task)
    classes = sorted(split["label"].unique())
    head, history = fit_head(
        features[split["row"]],
        class_index(split["label"], classes),
        split["group"].to_numpy(),
        balanced=params.recipe["class_weights"] == "balanced",
        seed=params.seed,
        label=name,
    )
    about = {"variant": name, "task": params.task, "classes": classes, **params.recipe}
    save_model(snakemake.output.model, as_state(head, about, inputs.weights), about)
    write_sha256(snakemake.output.model, snakemake.output.digest)
    write_csv(history, snakemake.output.history)
