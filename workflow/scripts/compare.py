import json
from pathlib import Path

from brushprint.console import logged
from brushprint.tables import write_json

with logged(snakemake.log[0]):
    headlines = {}
    for variant, file in zip(snakemake.params.variants, snakemake.input, strict=True):
        test = json.loads(Path(file).read_text())["test"]
        headlines[variant] = {
            key: test[key] for key in ("accuracy", "balanced_accuracy", "roc_auc", "majority", "loss", "pictures")
        }
    write_json(headlines, snakemake.output[0])
