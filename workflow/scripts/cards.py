import json
from pathlib import Path

import pandas as pd

from brushprint.core.atomic import replacing
from brushprint.core.job_log import logged
from brushprint.core.tables import write_json
from brushprint.report.model_card import as_markdown, card

with logged(snakemake.log[0], snakemake.output):
    files, params = snakemake.input, snakemake.params
    columns = ["source", "partition", "fold", "copy"]
    splits = {
        name: pd.read_parquet(file, columns=columns) for name, file in zip(params.splits, files.splits, strict=True)
    }
    audit, arms = (json.loads(Path(file).read_text()) for file in (files.audit, files.arms))
    externals = files.get("external") or [None] * len(params.variants)
    cards = {}
    by_variant = zip(
        params.variants.items(),
        *(files.metrics, files.styles, files.rates, externals, snakemake.output.cards),
        strict=True,
    )
    for (name, variant), metrics, styles, rates, external, target in by_variant:
        cards[name] = card(
            title=params.title,
            task=variant["task"],
            recipe=variant["recipe"],
            synthetic=params.synthetic,
            split=splits[variant["split"]],
            metrics=json.loads(Path(metrics).read_text()),
            styles=pd.read_csv(styles),
            robustness=pd.read_parquet(rates),
            audit=audit.get("harmonised", audit["raw"]),
            arms={kind: [row for row in rows if row["variant"] == name] for kind, rows in arms.items()},
            external=external and {"title": params.external, **json.loads(Path(external).read_text())},
        )
        with replacing(target) as part:
            part.write_text(as_markdown(name, cards[name]), encoding="utf-8")
    summary = {name: [section._asdict() for section in sections] for name, sections in cards.items()}
    write_json(summary, snakemake.output.summary)
