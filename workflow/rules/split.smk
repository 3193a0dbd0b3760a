"""Which pictures train, validate and test."""


rule split:
    input:
        f"{RESULTS}/catalogue.parquet",
    output:
        f"{RESULTS}/splits/{{split}}.parquet",
    log:
        f"{LOGS}/split-{{split}}.log",
    benchmark:
        f"{LOGS}/split-{{split}}.benchmark.tsv"
    params:
        *code("split"),
        split=lambda wildcards: CONFIG.splits[wildcards.split].model_dump(),
        capped=CONFIG.budget.images is not None,
        seed=lambda wildcards: seed_of(wildcards.split),
    script:
        "../scripts/split.py"
