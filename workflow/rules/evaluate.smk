"""How good the predictions are, of each variant and side by side."""


rule evaluate:
    input:
        unpack(sealed_split),
        predictions=f"{VARIANT}/predictions.parquet",
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
        splits=expand(f"{RESULTS}/splits/{{split}}.parquet", split=SPLITS),
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
        variants={name: variant.model_dump(include={"task", "split"}) for name, variant in CONFIG.variants.items()},
        splits=SPLITS,
        seed=seed_of("compare"),
    script:
        "../scripts/compare.py"
