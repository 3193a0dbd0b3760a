"""What made a variant: the code and packages behind each file, the settings, the data."""

# The rules that write a variant's files, and each file's rule.
LEARNED = ["train", "infer", "evaluate", "latent", "embed", "explain", "regions", "faithfulness", "figures"]
RULE_OF = {str(file): name for name in LEARNED for file in getattr(rules, name).output}


def code_by_rule(wildcards):
    recipe = CONFIG.recipe(wildcards.variant)
    network = architectures.module_name(recipe.architecture)
    with_network = {"weights", "train", "infer", "explain", "regions", "faithfulness"}
    copies = ["copies"] if SEALED[wildcards.variant]["split"] in COPIED else []
    weights = ["weights"] if recipe.pretrained else []
    names = [*COLLECT, "catalogue", "split", "pixels", *copies, "faces", *weights, *LEARNED]
    loaded = {"embed": MAPPED_BY, **dict.fromkeys(with_network, [network])}
    return {name: code(name, *loaded.get(name, [])) for name in names}


def weights_are(wildcards):
    """Where the weights of a pretrained network came from, without the folders of this machine."""
    recipe = CONFIG.recipe(wildcards.variant)
    file = CONFIG.pretrained.files.get(recipe.architecture)
    return (file.sha256 if file else CONFIG.pretrained.source) if recipe.pretrained else None


def settings_of(wildcards):
    variant = CONFIG.variants[wildcards.variant]
    return {
        **CONFIG.model_dump(include={"seed", "device", "latent", "explain"}),
        "collection": CONFIG.collection.model_dump(exclude={"title", "source"}) | PICTURES_ARE,
        "images": CONFIG.budget.images,
        "task": variant.task,
        "split": {"name": variant.split, **CONFIG.splits[variant.split].model_dump()},
        "recipe": recipe(wildcards),
        "weights": weights_are(wildcards),
    }


rule trace:
    input:
        unpack(sealed_split),
        catalogue=f"{RESULTS}/catalogue.parquet",
        files=checked(RULE_OF),
    output:
        f"{VARIANT}/provenance.json",
    log:
        f"{LOGS}/trace-{{variant}}.log",
    benchmark:
        f"{LOGS}/trace-{{variant}}.benchmark.tsv"
    params:
        *code("trace"),
        rules=list(RULE_OF.values()),
        code=code_by_rule,
        settings=settings_of,
    script:
        "../scripts/trace.py"
