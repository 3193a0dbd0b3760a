"""Where the faces of the pictures are, which some say networks look at."""


rule faces:
    input:
        PICTURES["input"],
        catalogue=f"{RESULTS}/catalogue.parquet",
        splits=expand(f"{RESULTS}/splits/{{split}}.parquet", split=SPLITS),
    output:
        f"{RESULTS}/faces.parquet",
    log:
        f"{LOGS}/faces.log",
    benchmark:
        f"{LOGS}/faces.benchmark.tsv"
    threads: ALL_CORES
    params:
        *code("faces"),
        **PICTURES["params"],
    script:
        "../scripts/faces.py"
