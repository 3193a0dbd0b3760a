"""Draw or download the pictures, and fetch pretrained weights. A local collection stays where it is."""

if CONFIG.collection.kind == "sample":

    rule draw_sample:
        output:
            archive=PICTURES.root,
            digest=f"{PICTURES.root}.sha256",
        log:
            f"{LOGS}/draw_sample.log",
        threads: ALL_CORES
        params:
            *code("draw_sample"),
            sample=CONFIG.collection.sample.model_dump(),
            seed=CONFIG.seed,
        script:
            "../scripts/draw_sample.py"

elif CONFIG.collection.kind == "hugging face":

    rule fetch_dataset:
        output:
            archive=directory(PICTURES.root),
            digest=f"{PICTURES.root}.sha256",
        log:
            f"{LOGS}/fetch_dataset.log",
        localrule: True
        params:
            *code("fetch_dataset"),
            **as_written(source=CONFIG.collection.source),
            sha256=CONFIG.collection.sha256,
        script:
            "../scripts/fetch_dataset.py"

elif not PICTURES.local:

    rule fetch:
        output:
            archive=PICTURES.root,
            digest=f"{PICTURES.root}.sha256",
        log:
            f"{LOGS}/fetch.log",
        localrule: True
        params:
            *code("fetch"),
            **as_written(source=CONFIG.collection.source),
            sha256=CONFIG.collection.sha256,
        script:
            "../scripts/fetch.py"


def weights_network(wildcards):
    return SCRIPTS.added("weights", architectures.module_name(PLAN.weights[wildcards.weights].architecture))


rule weights:
    output:
        weights="data/weights/{weights}.safetensors",
        digest="data/weights/{weights}.sha256",
    log:
        f"{LOGS}/weights-{{weights}}.log",
    wildcard_constraints:
        weights=one_of(PLAN.weights),
    localrule: True
    params:
        *code("weights"),
        network=weights_network,
        architecture=lambda wildcards: PLAN.weights[wildcards.weights].architecture,
        file=lambda wildcards: PLAN.weights[wildcards.weights].stated,
        source=CONFIG.pretrained.source,
    script:
        "../scripts/weights.py"


# Like the seal of pictures: nothing is trained if weights were fetched again or moved and have the same content.
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
