import json
from pathlib import Path

import pandas as pd

from brushprint.core.job_log import logged
from brushprint.figures import evaluation, robustness, shortcut_audit

with logged(snakemake.log[0]):
    given, target = snakemake.input, {name: Path(file) for name, file in snakemake.output.items()}
    audit, arms, comparisons = (
        json.loads(Path(file).read_text()) for file in (given.audit, given.arms, given.comparisons)
    )
    rates = dict(zip(snakemake.params.variants, map(pd.read_parquet, given.rates), strict=True))
    shortcut_audit.audit(audit["raw"], audit.get("harmonised"), audit["margin"], target["audit"])
    evaluation.arms(arms, target["arms"])
    evaluation.comparisons(comparisons, target["comparisons"])
    robustness.heatmap(rates, target["robustness"])
