import json
import shutil
from pathlib import Path

import pandas as pd

from brushprint.core.atomic import replacing
from brushprint.core.job_log import logged
from brushprint.core.tables import write_json
from brushprint.page.content import about_picture, about_variant, gallery, write_gallery
from brushprint.page.npm import unpack

with logged(snakemake.log[0], snakemake.output):
    given, made, params = snakemake.input, snakemake.output, snakemake.params
    for source, target in zip([*given.page, *given.models], [*made.page, *made.models], strict=True):
        with replacing(target) as part:
            shutil.copyfile(source, part)
    unpack(given.runtime, made.runtime)
    splits = [pd.read_parquet(file, columns=["image_id", "partition"]) for file in given.splits]
    pictures = gallery(pd.read_parquet(given.catalogue), splits, params.seed, len(made.gallery))
    write_gallery(params.root, pictures, made.gallery)
    cards = json.loads(Path(given.cards).read_text())
    best = json.loads(Path(given.recommended).read_text())["variant"]
    # The page shows the variants in this order: the recommended one first.
    variants = sorted(
        zip(params.variants, given.models, given.metrics, strict=True), key=lambda variant: variant[0] != best
    )
    shown = zip(made.gallery, pictures.to_dict("records"), strict=True)
    about = {
        "title": params.title,
        "synthetic": params.synthetic,
        "variants": [
            about_variant(name, model, json.loads(Path(metrics).read_text()), cards[name])
            for name, model, metrics in variants
        ],
        "gallery": [about_picture(f"gallery/{Path(file).name}", row) for file, row in shown],
    }
    write_json(about, made.about)
    # The folder is published as it is, so files of variants and pages that no longer exist are removed.
    kept = set(map(Path, made))
    for file in Path(made.about).parent.rglob("*"):
        if file not in kept and (file.is_symlink() or not file.is_dir()):
            file.unlink()
