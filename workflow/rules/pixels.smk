"""Pictures decoded once, and the seal that stops what is unchanged from being learned again."""


rule pixels:
    input:
        PICTURES["input"],
        catalogue=RESULTS + "/catalogue.parquet",
    output:
        pixels=SCRATCH + "/pixels-{size}-{resize}.npy",
        digest=SCRATCH + "/pixels-{size}-{resize}.sha256",
    params:
        *code("pixels"),
        **PICTURES["params"],
    log:
        LOGS + "/pixels-{size}-{resize}.log",
    benchmark:
        LOGS + "/pixels-{size}-{resize}.benchmark.tsv"
    threads: ALL_CORES
    script:
        "../scripts/pixels.py"


# Snakemake reruns all that is downstream of a rerun job, even when its bytes came out the same. As a checkpoint the
# seal, which holds digests alone, makes it look at training again: the same seal as last time, and nothing is trained.
checkpoint seal:
    input:
        split=RESULTS + "/splits/{split}.parquet",
        pixels=SCRATCH + "/pixels-{size}-{resize}.sha256",
    output:
        RESULTS + "/seals/{split}-{size}-{resize}.json",
    params:
        *code("seal"),
    log:
        LOGS + "/seal-{split}-{size}-{resize}.log",
    script:
        "../scripts/seal.py"
