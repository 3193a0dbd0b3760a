"""Which pictures train, validate and test."""


rule split:
    input:
        RESULTS + "/catalogue.parquet",
    output:
        RESULTS + "/splits/{split}.parquet",
    params:
        *code("split"),
        split=lambda wildcards: CONFIG.splits[wildcards.split].model_dump(),
        seed=CONFIG.seed,
    log:
        LOGS + "/split-{split}.log",
    benchmark:
        LOGS + "/split-{split}.benchmark.tsv"
    script:
        "../scripts/split.py"
