"""Pictures decoded once."""

PIXELS = f"{SCRATCH}/pixels-{{size}}-{{resize}}.npy"


rule pixels:
    input:
        PICTURES["input"],
        catalogue=f"{RESULTS}/catalogue.parquet",
    output:
        pixels=PIXELS,
        digest=f"{SCRATCH}/pixels-{{size}}-{{resize}}.json",
    log:
        f"{LOGS}/pixels-{{size}}-{{resize}}.log",
    threads: ALL_CORES
    params:
        *code("pixels"),
        **SEEN,
    script:
        "../scripts/pixels.py"
