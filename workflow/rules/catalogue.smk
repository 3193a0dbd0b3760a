"""One row a picture, and what the collection looks like."""


rule catalogue:
    input:
        PICTURES["input"],
    output:
        catalogue=RESULTS + "/catalogue.parquet",
        rejected=RESULTS + "/rejected.parquet",
    params:
        *code("catalogue"),
        **PICTURES["params"],
        labels=[rule.model_dump() for rule in CONFIG.collection.labels],
        images=CONFIG.budget.images,
        max_rejected=CONFIG.collection.max_rejected,
        seed=CONFIG.seed,
    log:
        LOGS + "/catalogue.log",
    benchmark:
        LOGS + "/catalogue.benchmark.tsv"
    threads: ALL_CORES
    script:
        "../scripts/catalogue.py"


rule examples:
    input:
        PICTURES["input"],
        catalogue=RESULTS + "/catalogue.parquet",
    output:
        RESULTS + "/examples.png",
    params:
        *code("examples"),
        **PICTURES["params"],
    log:
        LOGS + "/examples.log",
    benchmark:
        LOGS + "/examples.benchmark.tsv"
    script:
        "../scripts/examples.py"
