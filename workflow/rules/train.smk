"""Train each network, choose its epoch on the validation pictures, and predict the held-out pictures.

A head on the features of an encoder is fitted in place of a network.

Test pictures have no part in training.
"""


def training_inputs(wildcards):
    """The sealed split and pixels of a variant and, if it has them, its augmented copies and pretrained weights."""
    array, weights = variant(wildcards).array, PLAN.weights_of(wildcards.variant)
    copies = expand(rules.oversample.output, **array) if array["split"] in PLAN.oversampled else []
    return {
        **sealed_split(wildcards),
        **sealed_pixels(wildcards),
        **dict(zip(("copies", "copies_digest"), map(ancient, copies))),
        **({"weights": ancient(f"data/weights/{weights}.safetensors")} if weights else {}),
    }


rule train:
    input:
        unpack(training_inputs),
    output:
        model=f"{VARIANT}/model.safetensors",
        digest=f"{VARIANT}/model.sha256",
        history=f"{VARIANT}/history.csv",
    log:
        f"{LOGS}/train-{{variant}}.log",
    wildcard_constraints:
        variant=one_of(PLAN.networks),
    # Training jobs take longest, so they start first. Jobs that follow a finished network then use the cores that
    # become free while other networks still train.
    priority: 1
    threads: PLAN.process_cores
    resources:
        **PLAN.process_resources,
    params:
        *code("train"),
        network=network_code("train"),
        task=lambda wildcards: variant(wildcards).task,
        recipe=lambda wildcards: variant(wildcards).recipe.model_dump(),
        seed=lambda wildcards: variant(wildcards).seed,
        device=CONFIG.device,
        # With another number of processes, sums differ in their last digits.
        processes=PLAN.processes,
        checkpoint=f"{SCRATCH}/checkpoints/{{variant}}.pt",
    script:
        "../scripts/train.py"


def weights_of_encoder(wildcards):
    return {"weights": ancient(f"data/weights/{PLAN.weights_of(wildcards.variant)}.safetensors")}


rule fit_head:
    input:
        unpack(sealed_split),
        unpack(sealed_array),
        unpack(weights_of_encoder),
    output:
        model=f"{VARIANT}/model.safetensors",
        digest=f"{VARIANT}/model.sha256",
        folds=f"{VARIANT}/folds.safetensors",
        history=f"{VARIANT}/history.csv",
    log:
        f"{LOGS}/fit_head-{{variant}}.log",
    wildcard_constraints:
        variant=one_of(PLAN.heads),
    priority: 1
    params:
        *code("fit_head"),
        network=network_code("fit_head"),
        task=lambda wildcards: variant(wildcards).task,
        recipe=lambda wildcards: variant(wildcards).recipe.model_dump(),
        seed=lambda wildcards: variant(wildcards).seed,
    script:
        "../scripts/fit_head.py"


rule infer:
    input:
        unpack(sealed_split),
        unpack(sealed_array),
        unpack(trained),
        unpack(fold_heads),
    output:
        probabilities=f"{VARIANT}/probabilities.parquet",
        features=f"{VARIANT}/features.parquet",
        digest=f"{VARIANT}/features.sha256",
    log:
        f"{LOGS}/infer-{{variant}}.log",
    threads: PLAN.process_cores
    resources:
        **PLAN.process_resources,
    params:
        *code("infer"),
        network=network_code("infer"),
        device=CONFIG.device,
        folder=f"{SCRATCH}/infer/{{variant}}",
    script:
        "../scripts/infer.py"


# This rule is separate from `evaluate`, because all rules that read the predictions rerun with it, and an edit of the
# metrics must not rerun the heatmaps.
rule predictions:
    input:
        unpack(sealed_split),
        probabilities=rules.infer.output.probabilities,
    output:
        predictions=f"{VARIANT}/predictions.parquet",
        thresholds=f"{VARIANT}/thresholds.json",
    log:
        f"{LOGS}/predictions-{{variant}}.log",
    localrule: True
    params:
        *code("predictions"),
        task=lambda wildcards: variant(wildcards).task,
        false_alarm_rate=CONFIG.false_alarm_rate,
    script:
        "../scripts/predictions.py"
