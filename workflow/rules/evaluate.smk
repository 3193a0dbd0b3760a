"""How good the predictions are, of each variant and side by side."""


rule evaluate:
    input:
        unpack(sealed_split),
        unpack(predicted),
    output:
        metrics=report(
            f"{VARIANT}/metrics.json",
            caption="../report/metrics.rst",
            category="{variant}",
            subcategory="Metrics",
            labels={"figure": "Metrics"},
        ),
        roc=f"{VARIANT}/roc.csv",
        confusion=f"{VARIANT}/confusion.csv",
        detection=f"{VARIANT}/detection.csv",
        styles=f"{VARIANT}/styles.csv",
    log:
        f"{LOGS}/evaluate-{{variant}}.log",
    params:
        *code("evaluate"),
        task=lambda wildcards: CONFIG.variants[wildcards.variant].task,
        seed=lambda wildcards: seed_of(wildcards.variant),
    script:
        "../scripts/evaluate.py"


rule compare:
    input:
        metrics=expand(f"{VARIANT}/metrics.json", variant=CONFIG.variants),
        predictions=expand(f"{VARIANT}/predictions.parquet", variant=CONFIG.variants),
    output:
        comparisons=f"{RESULTS}/comparisons.json",
        metrics=report(
            f"{RESULTS}/metrics.json",
            caption="../report/compare.rst",
            category="All variants",
            subcategory="Metrics",
            labels={"figure": "Metrics side by side"},
        ),
    log:
        f"{LOGS}/compare.log",
    params:
        *code("compare"),
        tasks={name: variant.task for name, variant in CONFIG.variants.items()},
        seed=seed_of("compare"),
    script:
        "../scripts/compare.py"
