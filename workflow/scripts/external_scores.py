import numpy as np
import pandas as pd

from brushprint.core.job_log import LOG, logged
from brushprint.core.tables import write_json, write_parquet
from brushprint.data.near_duplicates import hash_matches
from brushprint.data.taxonomy import with_classes
from brushprint.evaluation import detection
from brushprint.models.files import load_model
from brushprint.training.corrupted_inference import ai_scores

with logged(snakemake.log[0]):
    given, params = snakemake.input, snakemake.params
    model = load_model(given.model)
    pictures = with_classes(pd.read_parquet(given.split, filters=[("copy", "==", 0)]), model.about["task"])
    origins = detection.origins_of(pictures)
    external = pd.read_parquet(given.external)
    # What the collection has too, or nearly, may have trained.
    own = pd.read_parquet(given.catalogue, columns=["sha256", "phash"])
    known = external["sha256"].isin(own["sha256"]).to_numpy() | hash_matches(external["phash"], own["phash"])
    LOG.info("external: %d of %d pictures are in the collection too and are left out", known.sum(), len(external))
    array = np.load(given.pixels, mmap_mode="r")
    score = ai_scores(model, array[:, None], origins, device=params.device)[:, 0]
    external = external.assign(p_ai=score)[~known]
    cuts = detection.cuts(pd.read_parquet(given.predictions), origins)
    is_ai = (external["origin"] == "ai").to_numpy()
    groups = np.arange(len(external))
    metrics = detection.evaluate(is_ai, external["p_ai"].to_numpy(), **cuts, groups=groups, seed=params.seed)
    write_json({**metrics, "left_out": int(known.sum())}, snakemake.output.metrics)
    columns = ["image_id", "path", "origin", "source", "style", "p_ai"]
    write_parquet(external[columns], snakemake.output.scores)
