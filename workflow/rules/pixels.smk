"""Pictures decoded once, and the seal that stops what is unchanged from being learned again."""

from brushprint import seal as seals

# What each variant sees of its pictures, and which of them.
SEALED = {
    name: {"split": variant.split, "size": CONFIG.recipe(name).image_size, "resize": CONFIG.recipe(name).resize}
    for name, variant in CONFIG.variants.items()
}
SPLITS = sorted({of["split"] for of in SEALED.values()})
PIXELS = f"{SCRATCH}/pixels-{{size}}-{{resize}}.npy"
PIXELS_PARAMS = [*code("pixels"), *PICTURES["params"].values()]

CATALOGUE = Path(RESULTS, "catalogue.parquet")
if ALONE and CATALOGUE.exists():
    catalogued = remembered([CATALOGUE], Path(f"{SCRATCH}/digests/catalogue.json"))[CATALOGUE]
    for array in {PIXELS.format(**of) for of in SEALED.values()}:
        seals.recall_pixels(Path(array), made_from=key([*PIXELS_PARAMS, catalogued]))


rule pixels:
    input:
        PICTURES["input"],
        catalogue=f"{RESULTS}/catalogue.parquet",
    output:
        pixels=PIXELS,
        digest=f"{SCRATCH}/pixels-{{size}}-{{resize}}.json",
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
        digest=f"{SCRATCH}/pixels-{{size}}-{{resize}}.json",
    output:
        f"{RESULTS}/seals/{{split}}-{{size}}-{{resize}}.json",
    log:
        f"{LOGS}/seal-{{split}}-{{size}}-{{resize}}.log",
    benchmark:
        f"{LOGS}/seal-{{split}}-{{size}}-{{resize}}.benchmark.tsv"
    params:
        *code("seal"),
        # A run that was killed before this job, and then lost its scratch folder, must not hide a change of the pixels.
        pixels=PIXELS_PARAMS,
    script:
        "../scripts/seal.py"
