import json
from pathlib import Path

import numpy as np
import pandas as pd

from brushprint.core.job_log import logged
from brushprint.figures import evaluation, latent, robustness, saliency, style

with logged(snakemake.log[0]):
    given = snakemake.input
    target = {Path(file).stem: Path(file) for file in snakemake.output}
    read = (given.metrics, given.summary, given.embedding_summary)
    metrics, summary, mapped = (json.loads(Path(file).read_text()) for file in read)
    points = pd.read_parquet(given.points)
    shown = dict(np.load(given.heatmaps))
    style.curves(pd.read_csv(given.history), target["curves"])
    style.confusion(metrics["test"]["confusion"], metrics["classes"], metrics["parts"], target["confusion"])
    style.roc(pd.read_csv(given.roc), target["roc"])
    latent.components(points, summary["explained"], target["components"])
    latent.scree(summary, target["scree"])
    latent.quality(summary, target["quality"])
    latent.embedding(pd.read_parquet(given.embedding), mapped, target["embedding"])
    pictures = np.load(given.prototype_pictures)["picture"]
    latent.prototypes(pd.read_parquet(given.prototypes), pictures, target["prototypes"])
    for space in ("2d", "full"):
        latent.clusters(points, summary, space, target[f"clusters-{space}"])
    for name, file in target.items():
        if name.startswith(("gradcam-", "panel-")):
            saliency.heatmaps(shown, name, file)
    effects = pd.read_parquet(given.effects)
    saliency.regions(effects, target["regions"])
    saliency.mean_maps(pd.read_parquet(given.maps), effects, target["mean-maps"])
    evaluation.reliability(metrics["calibration"], target["reliability"])
    evaluation.detection(pd.read_csv(given.detection), metrics["detection"], target["detection"])
    evaluation.styles(pd.read_csv(given.styles), target["styles"])
    robustness.curves(pd.read_parquet(given.rates), target["robustness"])
    saliency.faithfulness(json.loads(Path(given.faithfulness).read_text()), target["faithfulness"])
