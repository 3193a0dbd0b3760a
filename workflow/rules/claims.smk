"""Each published figure, and what this run obtained beside it."""

import yaml

from brushprint.report import claims_schema

CLAIMS = "config/claims.yaml"

try:
    claims_schema.load(CLAIMS)
except UserError as error:
    stop(error)


# The variants that begin without the pretrained weights that their published recipe has.
FROM_SCRATCH = [
    name
    for name, variant in CONFIG.variants.items()
    if CONFIG.recipes[variant.recipe].pretrained and not CONFIG.recipe(name).pretrained
]


def changed():
    """The variants whose settings here are not those of the shipped files, which are the published ones."""
    merged = {}
    for file in ("config.yaml", "recipes.yaml", f"{CONFIG.collection.name}.yaml"):
        if Path("config", file).exists():
            update_config(merged, yaml.safe_load(Path("config", file).read_text()))
    shipped = settings.load(merged, [])

    def definition(config, name):
        variant = config.variants.get(name)
        return variant and (variant.task, config.splits[variant.split], config.recipes[variant.recipe])

    return [name for name in CONFIG.variants if definition(CONFIG, name) != definition(shipped, name)]


rule claims:
    input:
        claims=local(ancient(CLAIMS)),
        catalogue=f"{RESULTS}/catalogue.parquet",
        splits=expand(f"{RESULTS}/splits/{{split}}.parquet", split=SPLITS),
        history=expand(f"{VARIANT}/history.csv", variant=CONFIG.variants),
        metrics=expand(f"{VARIANT}/metrics.json", variant=CONFIG.variants),
        latent=expand(f"{VARIANT}/latent.json", variant=CONFIG.variants),
        embedding=expand(f"{VARIANT}/embedding.json", variant=CONFIG.variants),
        effects=expand(f"{VARIANT}/region-effects.parquet", variant=CONFIG.variants),
    output:
        f"{RESULTS}/claims.json",
    log:
        f"{LOGS}/claims.log",
    params:
        *code("claims"),
        claims=sha256(CLAIMS),
        collection=CONFIG.collection.name,
        synthetic=SYNTHETIC,
        budget=CONFIG.budget.model_dump(),
        from_scratch=FROM_SCRATCH,
        changed=changed(),
        splits=SPLITS,
        variants={name: variant.split for name, variant in CONFIG.variants.items()},
    script:
        "../scripts/claims.py"
