"""What made a variant: the code and packages behind each file, the settings, the data."""

# The rules that write a variant's files, and each file's rule.
ANALYSED = ["evaluate", "latent", "embed", "explain", "regions", "robustness", "figures"]
LEARNED = ["train", "infer", "predictions", *ANALYSED]
RULE_OF = {str(file): name for name in LEARNED for file in getattr(rules, name).output}
# An arm is trained and judged, not analysed.
RULE_OF_ARM = {file: name for file, name in RULE_OF.items() if name not in ANALYSED}


def rule_of(wildcards):
    return RULE_OF if wildcards.variant in CONFIG.variants else RULE_OF_ARM


def code_by_rule(wildcards):
    recipe = TRAINED.recipe(wildcards.variant)
    network = registry.module_name(recipe.architecture)
    with_network = {"weights", "train", "infer", "explain", "regions", "robustness"}
    copies = ["oversample"] if SEALED[wildcards.variant]["split"] in COPIED else []
    weights = ["weights"] if recipe.pretrained else []
    common = [*COLLECT, "catalogue", "shortcut_features", "near_duplicates", "split", "pixels", *copies, *weights]
    analysed = ["faces", "corrupt"] if wildcards.variant in CONFIG.variants else []
    names = [*common, *analysed, *dict.fromkeys(rule_of(wildcards).values())]
    drawing = figure_registry.modules(figure_registry.VARIANT)
    loaded = {"embed": MAPPED_BY, "figures": drawing, **dict.fromkeys(with_network, [network])}
    return {name: code(name, *loaded.get(name, [])) for name in names}


def weights_are(wildcards):
    """Where the weights of a pretrained network came from, without the folders of this machine."""
    recipe = TRAINED.recipe(wildcards.variant)
    file = CONFIG.pretrained.files.get(recipe.architecture)
    return (file.sha256 if file else CONFIG.pretrained.source) if recipe.pretrained else None


def settings_of(wildcards):
    variant = TRAINED.variants[wildcards.variant]
    analysis = CONFIG.model_dump(include={"latent": True, "explain": True, "robustness": {"pictures"}})
    return {
        **CONFIG.model_dump(include={"seed", "device"}),
        "processes": TOGETHER,
        **(analysis if wildcards.variant in CONFIG.variants else {}),
        "collection": CONFIG.collection.model_dump(exclude={"title", "source"}) | PICTURES_ARE,
        "images": CONFIG.budget.images,
        "task": variant.task,
        "split": {"name": variant.split, **TRAINED.splits[variant.split].model_dump()},
        "recipe": recipe(wildcards),
        "weights": weights_are(wildcards),
    }


rule provenance:
    input:
        unpack(sealed_split),
        catalogue=f"{RESULTS}/catalogue.parquet",
        files=lambda wildcards: checked(expand(list(rule_of(wildcards)), **wildcards)),
    output:
        f"{VARIANT}/provenance.json",
    log:
        f"{LOGS}/provenance-{{variant}}.log",
    localrule: True
    params:
        *code("provenance"),
        rules=lambda wildcards: list(rule_of(wildcards).values()),
        code=code_by_rule,
        settings=settings_of,
    script:
        "../scripts/provenance.py"
