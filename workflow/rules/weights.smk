"""Pretrained weights, of each architecture that begins from them."""

# data/ is not versioned, so the name of a file says what decides its content.
WEIGHTS = {
    f"{architecture.replace('/', '-')}-{key([file.sha256] if file else ['hub'])[:8]}": (architecture, file)
    for architecture, file in sorted(
        {
            (recipe.architecture, CONFIG.pretrained.files.get(recipe.architecture))
            for recipe in map(CONFIG.recipe, CONFIG.variants)
            if recipe.pretrained
        },
        key=str,
    )
}
WEIGHTS_OF = {architecture: f"data/weights/{name}" for name, (architecture, _) in WEIGHTS.items()}

for architecture, file in WEIGHTS.values():
    if file and Path(file.path).expanduser().exists():
        found = remembered([Path(file.path).expanduser()], Path("data/weights/digests.json"))
        if (digest := found[Path(file.path).expanduser()]) != file.sha256:
            stop(
                f"pretrained.files.{architecture}: {file.path} has the sha256 {digest}, not {file.sha256}; one is wrong"
            )


rule weights:
    output:
        weights="data/weights/{weights}.safetensors",
        digest="data/weights/{weights}.sha256",
    log:
        f"{LOGS}/weights-{{weights}}.log",
    benchmark:
        f"{LOGS}/weights-{{weights}}.benchmark.tsv"
    wildcard_constraints:
        weights=one_of(WEIGHTS) or "none",
    params:
        *code("weights"),
        network=lambda wildcards: module_code("weights", WEIGHTS[wildcards.weights][0]),
        architecture=lambda wildcards: WEIGHTS[wildcards.weights][0],
        file=lambda wildcards: WEIGHTS[wildcards.weights][1] and WEIGHTS[wildcards.weights][1].model_dump(),
    script:
        "../scripts/weights.py"
