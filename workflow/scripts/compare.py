import json
from pathlib import Path

import pandas as pd

from brushprint.core.job_log import logged
from brushprint.core.tables import write_json
from brushprint.data.taxonomy import with_classes
from brushprint.evaluation import detection
from brushprint.stats.significance import compare

with logged(snakemake.log[0]):
    given, params = snakemake.input, snakemake.params
    splits = {name: pd.read_parquet(file) for name, file in zip(params.splits, given.splits, strict=True)}
    headlines, right, origin_right, tasks = {}, {}, {}, {}
    for name, file, metrics_file in zip(params.variants, given.predictions, given.metrics, strict=True):
        said = params.variants[name]
        metrics = json.loads(Path(metrics_file).read_text())
        keys = ("accuracy", "balanced_accuracy", "roc_auc", "majority", "loss", "pictures")
        headlines[name] = {key: metrics["test"][key] for key in keys}
        pictures = with_classes(splits[said["split"]], said["task"])
        origins = detection.origins_of(pictures)
        predictions = pd.read_parquet(file, filters=[("partition", "==", "test")]).set_index("image_id")
        right[name] = predictions["label"] == predictions["predicted"]
        called_ai = detection.ai_probability(predictions, origins) >= metrics["detection"]["threshold"]
        origin_right[name] = called_ai == (predictions["label"].map(origins) == "ai")
        tasks.setdefault(said["task"], []).append(name)
    groups = pd.concat([split[["image_id", "group"]] for split in splits.values()]).drop_duplicates("image_id")
    groups = groups.set_index("image_id")["group"]
    rows = compare(origin_right, groups, "human or ai", params.seed)
    for task, names in tasks.items():
        rows += compare({name: right[name] for name in names}, groups, task, params.seed) if task != "origin" else []
    write_json(headlines, snakemake.output.metrics)
    write_json(rows, snakemake.output.comparisons)
