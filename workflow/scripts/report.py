import json
from pathlib import Path

import pandas as pd

from brushprint.core.job_log import logged
from brushprint.report.page import write_report

with logged(snakemake.log[0], snakemake.output):
    files, params = snakemake.input, snakemake.params
    cards = json.loads(Path(files.cards).read_text())
    variants = {}
    kinds = ("provenance", "metrics", "latent", "embedding", "heatmaps", "faithfulness")
    for name, effects, *summaries in zip(params.variants, files.effects, *(files[kind] for kind in kinds), strict=True):
        variants[name] = {kind: json.loads(Path(file).read_text()) for kind, file in zip(kinds, summaries, strict=True)}
        variants[name]["regions"] = pd.read_parquet(effects, filters=[("by", "==", "all")])
        variants[name]["figures"] = Path(effects).parent / "figures"
        external = Path(effects).parent / "external.json"
        variants[name] |= {"card": cards[name], "external": params.external and json.loads(external.read_text())}
    # The report needs only these columns of a split, and the other columns are most of the file.
    columns = ["source", "partition", "copy"]
    splits = {
        name: pd.read_parquet(file, columns=columns) for name, file in zip(params.splits, files.splits, strict=True)
    }
    trust = {
        key: json.loads(Path(files[key]).read_text())
        for key in ("audit", "leaks", "arms", "comparisons", "recommended", "art_or_file")
    }
    trust["external"] = params.external
    write_report(
        Path(snakemake.output[0]),
        title=params.title,
        synthetic=params.synthetic,
        budget=params.budget,
        from_scratch=params.from_scratch,
        catalogue=pd.read_parquet(files.catalogue),
        rejected=pd.read_parquet(files.rejected),
        ignored=pd.read_parquet(files.ignored),
        splits=splits,
        copied=params.copied,
        figures=params.figures,
        folder=Path(files.collection_figures[0]).parent,
        variants=variants,
        trust=trust,
        mistakes=pd.read_parquet(files.mistakes),
        claims=json.loads(Path(files.claims).read_text()),
    )
