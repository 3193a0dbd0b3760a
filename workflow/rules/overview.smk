"""The figures of the whole collection: what the audit found, and the variants side by side."""


rule collection_figures:
    input:
        audit=f"{RESULTS}/audit.json",
        arms=f"{RESULTS}/arms.json",
        comparisons=f"{RESULTS}/comparisons.json",
        rates=expand(f"{VARIANT}/robustness.parquet", variant=CONFIG.variants),
    output:
        audit=report(
            f"{RESULTS}/figures/audit.png",
            caption="../report/audit.rst",
            category="All variants",
            labels={"what": "Audit of the pictures"},
        ),
        arms=report(
            f"{RESULTS}/figures/arms.png",
            caption="../report/arms.rst",
            category="All variants",
            labels={"what": "Unseen generators"},
        ),
        comparisons=report(
            f"{RESULTS}/figures/comparisons.png",
            caption="../report/comparisons.rst",
            category="All variants",
            labels={"what": "Variants compared"},
        ),
        robustness=report(
            f"{RESULTS}/figures/robustness.png",
            caption="../report/robustness.rst",
            category="All variants",
            labels={"what": "Robustness side by side"},
        ),
    log:
        f"{LOGS}/collection_figures.log",
    params:
        *code("collection_figures"),
        variants=list(CONFIG.variants),
    script:
        "../scripts/collection_figures.py"
