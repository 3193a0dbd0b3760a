import pandas as pd

from brushprint.console import logged
from brushprint.metrics import class_names, curve, evaluate
from brushprint.tables import write_csv, write_json

with logged(snakemake.log[0]):
    predictions = pd.read_parquet(snakemake.input.predictions)
    classes = class_names(predictions)
    parts = {name: predictions[predictions["partition"] == name] for name in ("validation", "test")}
    metrics = {name: evaluate(part, classes, snakemake.params.seed) for name, part in parts.items()}
    write_json({"classes": classes, **metrics}, snakemake.output.metrics)
    write_csv(curve(parts["test"], classes), snakemake.output.roc)
    write_csv(parts["test"][["label", "predicted"]], snakemake.output.confusion)
