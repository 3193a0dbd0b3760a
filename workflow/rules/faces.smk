"""Where the faces of test pictures are, which some say networks look at."""


rule faces:
    input:
        PICTURES["input"],
        catalogue=f"{RESULTS}/catalogue.parquet",
    output:
        f"{RESULTS}/faces.parquet",
    log:
        f"{LOGS}/faces.log",
    threads: ALL_CORES
    params:
        *code("faces"),
        **SEEN,
        published=all(CONFIG.splits[split].published for split in SPLITS),
    script:
        "../scripts/faces.py"
