"""Pictures decoded once."""

# What each variant sees of its pictures, and which of them.
SEALED = {
    name: {"split": variant.split, "size": CONFIG.recipe(name).image_size, "resize": CONFIG.recipe(name).resize}
    for name, variant in CONFIG.variants.items()
}
SPLITS = sorted({of["split"] for of in SEALED.values()})
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
    benchmark:
        f"{LOGS}/pixels-{{size}}-{{resize}}.benchmark.tsv"
    threads: ALL_CORES
    params:
        *code("pixels"),
        **PICTURES["params"],
    script:
        "../scripts/pixels.py"
