"""Each published figure, and what this run obtained beside it."""

from brushprint import claims

CLAIMS = "config/claims.yaml"

try:
    claims.load(CLAIMS)
except UserError as error:
    stop(error)


# The variants that begin without the pretrained weights that their published recipe has.
FROM_SCRATCH = [
    name
    for name, variant in CONFIG.variants.items()
    if CONFIG.recipes[variant.recipe].pretrained and not CONFIG.recipe(name).pretrained
]


rule claims:
    input:
        claims=ancient(CLAIMS),
        catalogue=f"{RESULTS}/catalogue.parquet",
        splits=expand(f"{RESULTS}/splits/{{split}}.parquet", split=SPLITS),
        history=expand(f"{VARIANT}/history.csv", variant=CONFIG.variants),
        metrics=expand(f"{VARIANT}/metrics.json", variant=CONFIG.variants),
        latent=expand(f"{VARIANT}/latent.json", variant=CONFIG.variants),
    output:
        f"{RESULTS}/claims.json",
    log:
        f"{LOGS}/claims.log",
    benchmark:
        f"{LOGS}/claims.benchmark.tsv"
    params:
        *code("claims"),
        claims=sha256(CLAIMS),
        collection=CONFIG.collection.name,
        synthetic=SYNTHETIC,
        budget=CONFIG.budget.model_dump(),
        from_scratch=FROM_SCRATCH,
        splits=SPLITS,
        variants={name: variant.split for name, variant in CONFIG.variants.items()},
    script:
        "../scripts/claims.py"
