import json
from pathlib import Path

import pandas as pd

from brushprint import figures_audit, figures_robustness, figures_trust
from brushprint.console import logged

with logged(snakemake.log[0]):
    given, target = snakemake.input, {name: Path(file) for name, file in snakemake.output.items()}
    audit, arms, comparisons = (
        json.loads(Path(file).read_text()) for file in (given.audit, given.arms, given.comparisons)
    )
    rates = dict(zip(snakemake.params.variants, map(pd.read_parquet, given.rates), strict=True))
    figures_audit.audit(audit["raw"], audit.get("harmonised"), audit["margin"], target["audit"])
    figures_trust.arms(arms, target["arms"])
    figures_trust.comparisons(comparisons, target["comparisons"])
    figures_robustness.heatmap(rates, target["robustness"])
