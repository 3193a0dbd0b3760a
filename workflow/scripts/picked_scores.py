import numpy as np
import pandas as pd

from brushprint.core.job_log import logged
from brushprint.core.tables import write_parquet
from brushprint.data.corruptions import CONDITIONS
from brushprint.data.taxonomy import with_classes
from brushprint.evaluation import detection
from brushprint.models.files import load_model
from brushprint.training.corrupted_inference import ai_scores

with logged(snakemake.log[0]):
    given, params = snakemake.input, snakemake.params
    model = load_model(given.model)
    pictures = with_classes(pd.read_parquet(given.split, filters=[("copy", "==", 0)]), model.about["task"])
    origins = detection.origins_of(pictures)
    # None of them has a donor to swap with.
    rows = [(name, severity, place) for place, (name, severity) in enumerate(CONDITIONS) if name != "swap"]
    p_ai = ai_scores(model, np.load(given.pixels, mmap_mode="r"), origins, device=params.device)
    threshold = detection.cuts(pd.read_parquet(given.predictions), origins)["threshold"]
    paths = pd.read_parquet(given.picked, columns=["path"])["path"]
    parts = [
        pd.DataFrame({"path": paths, "name": name, "severity": severity, "p_ai": p_ai[:, place]})
        for name, severity, place in rows
    ]
    write_parquet(pd.concat(parts, ignore_index=True).assign(threshold=threshold), snakemake.output[0])
