import json
from pathlib import Path

import numpy as np
import pandas as pd

from brushprint import figures, figures_heat, figures_latent, figures_robustness, figures_trust
from brushprint.console import logged

with logged(snakemake.log[0]):
    given = snakemake.input
    target = {Path(file).stem: Path(file) for file in snakemake.output}
    read = (given.metrics, given.summary, given.embedding_summary)
    metrics, summary, mapped = (json.loads(Path(file).read_text()) for file in read)
    points = pd.read_parquet(given.points)
    shown = dict(np.load(given.heatmaps))
    figures.curves(pd.read_csv(given.history), target["curves"])
    figures.confusion(metrics["test"]["confusion"], metrics["classes"], metrics["parts"], target["confusion"])
    figures.roc(pd.read_csv(given.roc), target["roc"])
    figures_latent.components(points, summary["explained"], target["components"])
    figures_latent.scree(summary, target["scree"])
    figures_latent.quality(summary, target["quality"])
    figures_latent.embedding(pd.read_parquet(given.embedding), mapped, target["embedding"])
    pictures = np.load(given.prototype_pictures)["picture"]
    figures_latent.prototypes(pd.read_parquet(given.prototypes), pictures, target["prototypes"])
    for space in ("2d", "full"):
        figures_latent.clusters(points, summary, space, target[f"clusters-{space}"])
    for name, file in target.items():
        if name.startswith(("gradcam-", "panel-")):
            figures_heat.heatmaps(shown, name, file)
    effects = pd.read_parquet(given.effects)
    figures_heat.regions(effects, target["regions"])
    figures_heat.mean_maps(pd.read_parquet(given.maps), effects, target["mean-maps"])
    figures_trust.reliability(metrics["calibration"], target["reliability"])
    figures_trust.detection(pd.read_csv(given.detection), metrics["detection"], target["detection"])
    figures_trust.styles(pd.read_csv(given.styles), target["styles"])
    figures_robustness.curves(pd.read_parquet(given.rates), target["robustness"])
    figures_heat.faithfulness(json.loads(Path(given.faithfulness).read_text()), target["faithfulness"])
