"""The test pictures that variants get wrong, and what each variant says of them."""


rule mistakes:
    input:
        PICTURES["input"],
        catalogue=f"{RESULTS}/catalogue.parquet",
        predictions=expand(f"{VARIANT}/predictions.parquet", variant=CONFIG.variants),
    output:
        f"{RESULTS}/mistakes.parquet",
    log:
        f"{LOGS}/mistakes.log",
    params:
        *code("mistakes"),
        **SEEN,
        variants=list(CONFIG.variants),
    script:
        "../scripts/mistakes.py"
