"""One row a picture, and what the collection looks like."""


rule catalogue:
    input:
        PICTURES["input"],
    output:
        catalogue=f"{RESULTS}/catalogue.parquet",
        rejected=f"{RESULTS}/rejected.parquet",
    log:
        f"{LOGS}/catalogue.log",
    threads: ALL_CORES
    params:
        *code("catalogue"),
        **PICTURES["params"],
        labels=[rule.model_dump() for rule in CONFIG.collection.labels],
        images=CONFIG.budget.images,
        max_rejected=CONFIG.collection.max_rejected,
        seed=seed_of("catalogue"),
        setting="collection.source",
    script:
        "../scripts/catalogue.py"


rule examples:
    input:
        PICTURES["input"],
        catalogue=f"{RESULTS}/catalogue.parquet",
    output:
        report(
            f"{RESULTS}/examples.jpg",
            caption="../report/examples.rst",
            category="All variants",
            labels={"what": "Examples of the pictures"},
        ),
    log:
        f"{LOGS}/examples.log",
    params:
        *code("examples"),
        **SEEN,
    script:
        "../scripts/examples.py"
