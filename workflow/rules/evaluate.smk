"""How good the predictions are, of each variant and side by side."""


rule evaluate:
    input:
        VARIANT + "/predictions.parquet",
    output:
        metrics=VARIANT + "/metrics.json",
        roc=VARIANT + "/roc.csv",
        confusion=VARIANT + "/confusion.csv",
    params:
        *code("evaluate"),
        seed=CONFIG.seed,
    log:
        LOGS + "/evaluate-{variant}.log",
    benchmark:
        LOGS + "/evaluate-{variant}.benchmark.tsv"
    script:
        "../scripts/evaluate.py"


rule compare:
    input:
        expand(VARIANT + "/metrics.json", variant=CONFIG.variants),
    output:
        RESULTS + "/metrics.json",
    params:
        *code("compare"),
        variants=list(CONFIG.variants),
    log:
        LOGS + "/compare.log",
    script:
        "../scripts/compare.py"
