import json
import logging
from pathlib import Path

import pandas as pd

from brushprint.core.job_log import LOG, logged
from brushprint.core.tables import write_json
from brushprint.data.array_digests import open_pixels
from brushprint.data.taxonomy import with_classes
from brushprint.models.files import load_model
from brushprint.predict import onnx_models
from brushprint.predict.answer import facts
from brushprint.stats.allocation import stratified

# So many test pictures show a fault of the file as well as all.
PICTURES = 200

with logged(snakemake.log[0]):
    # They tell of every pass over the graph.
    for library in ("onnx_ir", "onnxscript"):
        logging.getLogger(library).setLevel(logging.WARNING)
    given, params, target = snakemake.input, snakemake.params, snakemake.output
    model = load_model(given.model)
    told = facts(model.about, json.loads(Path(given.metrics).read_text()), params.harmonise)
    onnx_models.export(model, told, target.model)
    onnx_models.halve(target.model, target.half)
    tests = pd.read_parquet(given.split, filters=[("partition", "==", "test"), ("copy", "==", 0)])
    tests = with_classes(tests, model.about["task"])
    tests = tests.iloc[stratified(tests["label"], PICTURES, params.seed)]
    found = onnx_models.check(
        model,
        {"fp32": target.model, "fp16": target.half},
        open_pixels(given.pixels, given.seal)[tests["row"]],
        tests,
        temperature=told["temperature"],
        seed=params.seed,
    )
    for name in ("fp32", "fp16"):
        LOG.info("%s: %d bytes, %d answers change", name, found[name]["bytes"], found[name]["changed"])
    write_json(found, target.cost)
