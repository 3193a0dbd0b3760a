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


EXAMPLES = figure_registry.of_collection("examples.jpg")


rule examples:
    input:
        PICTURES["input"],
        catalogue=f"{RESULTS}/catalogue.parquet",
    output:
        shown(EXAMPLES),
    log:
        f"{LOGS}/examples.log",
    params:
        *code("figures"),
        **drawn([EXAMPLES]),
        **SEEN,
    script:
        "../scripts/figures.py"
