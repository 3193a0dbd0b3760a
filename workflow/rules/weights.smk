"""Pretrained weights, of each architecture that begins from them."""

# The architecture of each set of weights, and their file, if they are not a hub's. data/ is not versioned, so the name
# of a set says what decides its content.
WEIGHTS = {}
WEIGHTS_OF = {}
for name in TRAINED.variants:
    if (used := TRAINED.recipe(name)).pretrained:
        file = CONFIG.pretrained.files.get(used.architecture)
        weights = f"{used.architecture.replace('/', '-')}-{key([file.sha256 if file else 'hub'])[:8]}"
        WEIGHTS[weights] = (used.architecture, file)
        WEIGHTS_OF[name] = weights


def check_files():
    """Weights with another digest are refused before anything runs; missing ones may not be needed."""
    stated = {Path(file.path).expanduser(): (name, file.sha256) for name, file in WEIGHTS.values() if file}
    found = cached_sha256(filter(Path.exists, stated), Path("data/weights/digests.json"))
    for path, digest in found.items():
        name, sha256 = stated[path]
        if digest != sha256:
            stop(f"pretrained.files.{name}: {path} has the sha256 {digest}, not {sha256}; one of them is wrong")


if WEIGHTS and workflow.is_main_process:
    check_files()


rule weights:
    output:
        weights="data/weights/{weights}.safetensors",
        digest="data/weights/{weights}.sha256",
    log:
        f"{LOGS}/weights-{{weights}}.log",
    wildcard_constraints:
        weights=one_of(WEIGHTS) or "none",
    localrule: True
    params:
        *code("weights"),
        network=lambda wildcards: module_code("weights", WEIGHTS[wildcards.weights][0]),
        architecture=lambda wildcards: WEIGHTS[wildcards.weights][0],
        file=lambda wildcards: WEIGHTS[wildcards.weights][1] and WEIGHTS[wildcards.weights][1].model_dump(),
    script:
        "../scripts/weights.py"


# As the seal of pictures: weights that were fetched or moved again, with the same content, train nothing.
checkpoint seal_weights:
    input:
        "data/weights/{weights}.sha256",
    output:
        f"{RESULTS}/seals/weights-{{weights}}.json",
    log:
        f"{LOGS}/seal_weights-{{weights}}.log",
    localrule: True
    params:
        *code("seal_weights"),
    script:
        "../scripts/seal_weights.py"
