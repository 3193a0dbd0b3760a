"""Pictures decoded once, and the seal that stops what is unchanged from being learned again."""


rule pixels:
    input:
        PICTURES["input"],
        catalogue=f"{RESULTS}/catalogue.parquet",
    output:
        pixels=f"{SCRATCH}/pixels-{{size}}-{{resize}}.npy",
        digest=f"{SCRATCH}/pixels-{{size}}-{{resize}}.sha256",
    log:
        f"{LOGS}/pixels-{{size}}-{{resize}}.log",
    benchmark:
        f"{LOGS}/pixels-{{size}}-{{resize}}.benchmark.tsv"
    threads: ALL_CORES
    params:
        *code("pixels"),
        **PICTURES["params"],
    script:
        "../scripts/pixels.py"


# Snakemake reruns all that is downstream of a rerun job, even when its bytes came out the same. As a checkpoint the
# seal, which holds digests alone, makes it look at training again: the same seal as last time, and nothing is trained.
checkpoint seal:
    input:
        split=f"{RESULTS}/splits/{{split}}.parquet",
        pixels=f"{SCRATCH}/pixels-{{size}}-{{resize}}.sha256",
    output:
        f"{RESULTS}/seals/{{split}}-{{size}}-{{resize}}.json",
    log:
        f"{LOGS}/seal-{{split}}-{{size}}-{{resize}}.log",
    params:
        *code("seal"),
    script:
        "../scripts/seal.py"
