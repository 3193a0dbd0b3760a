import json
from pathlib import Path

import pandas as pd

from brushprint.core.atomic import replacing
from brushprint.core.job_log import logged
from brushprint.core.tables import write_json
from brushprint.report.model_card import as_markdown, card

with logged(snakemake.log[0]):
    given, params = snakemake.input, snakemake.params
    columns = ["source", "partition", "copy"]
    splits = {
        name: pd.read_parquet(file, columns=columns) for name, file in zip(params.splits, given.splits, strict=True)
    }
    audit, arms = (json.loads(Path(file).read_text()) for file in (given.audit, given.arms))
    external = given.get("external") or [None] * len(params.variants)
    cards = {}
    files = zip(given.metrics, given.styles, given.rates, external, snakemake.output.cards, strict=True)
    for name, (metrics, styles, rates, elsewhere, target) in zip(params.variants, files, strict=True):
        said = params.variants[name]
        cards[name] = card(
            title=params.title,
            task=said["task"],
            recipe=said["recipe"],
            synthetic=params.synthetic,
            split=splits[said["split"]],
            metrics=json.loads(Path(metrics).read_text()),
            styles=pd.read_csv(styles),
            robustness=pd.read_parquet(rates),
            audit=audit.get("harmonised", audit["raw"]),
            arms={kind: [row for row in rows if row["variant"] == name] for kind, rows in arms.items()},
            external=elsewhere and {"title": params.external, **json.loads(Path(elsewhere).read_text())},
        )
        with replacing(target) as part:
            part.write_text(as_markdown(name, cards[name]), encoding="utf-8")
    told = {name: [section._asdict() for section in sections] for name, sections in cards.items()}
    write_json(told, snakemake.output.summary)
