import json
from pathlib import Path

import numpy as np
import pandas as pd

from brushprint import figures
from brushprint.console import logged

with logged(snakemake.log[0]):
    given = snakemake.input
    target = {Path(file).stem: Path(file) for file in snakemake.output}
    read = (given.metrics, given.summary, given.embedding_summary)
    metrics, summary, mapped = (json.loads(Path(file).read_text()) for file in read)
    points = pd.read_parquet(given.points)
    panel = dict(np.load(given.heatmaps))
    figures.curves(pd.read_csv(given.history), target["curves"])
    figures.confusion(metrics["test"]["confusion"], metrics["classes"], metrics["parts"], target["confusion"])
    figures.roc(pd.read_csv(given.roc), target["roc"])
    figures.components(points, summary["explained"], target["components"])
    figures.scree(summary, target["scree"])
    figures.quality(summary, target["quality"])
    figures.embedding(pd.read_parquet(given.embedding), mapped, target["embedding"])
    pictures = np.load(given.prototype_pictures)["picture"]
    figures.prototypes(pd.read_parquet(given.prototypes), pictures, target["prototypes"])
    for space in ("2d", "full"):
        figures.clusters(points, summary, space, target[f"clusters-{space}"])
        for outcome in ("misclassified", "correct"):
            figures.heatmaps(panel, outcome, space, target[f"gradcam-{space}-{outcome}"])
