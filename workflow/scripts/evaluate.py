import pandas as pd

from brushprint.console import logged
from brushprint.metrics import PARTS, class_names, curve, evaluate, parts_of
from brushprint.tables import write_csv, write_json
from brushprint.taxonomy import TASKS, with_classes

with logged(snakemake.log[0]):
    predictions = pd.read_parquet(snakemake.input.predictions)
    classes = class_names(predictions)
    task = snakemake.params.task
    pictures = pd.read_parquet(snakemake.input.split, columns=sorted({*TASKS[task], *PARTS}))
    parts = parts_of(with_classes(pictures, task), classes)
    partitions = {name: predictions[predictions["partition"] == name] for name in ("validation", "test")}
    metrics = {name: evaluate(part, parts, snakemake.params.seed) for name, part in partitions.items()}
    write_json({"classes": classes, "parts": parts.to_dict("list"), **metrics}, snakemake.output.metrics)
    write_csv(curve(partitions["test"], classes), snakemake.output.roc)
    write_csv(partitions["test"][["label", "predicted"]], snakemake.output.confusion)
