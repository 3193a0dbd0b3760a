"""One forward pass over the held-out pictures gives probabilities and features; from these follow the predictions."""


rule infer:
    input:
        unpack(sealed),
        unpack(trained),
    output:
        probabilities=f"{VARIANT}/probabilities.parquet",
        features=f"{VARIANT}/features.parquet",
        digest=f"{VARIANT}/features.sha256",
    log:
        f"{LOGS}/infer-{{variant}}.log",
    threads: PROCESS_CORES
    resources:
        **PROCESSES,
    params:
        *code("infer"),
        network=network_code("infer"),
        device=CONFIG.device,
        folder=f"{SCRATCH}/infer/{{variant}}",
    script:
        "../scripts/infer.py"


# A rule of its own: whatever follows a rule reruns with it, and an edit of the metrics must not rerun the heatmaps.
rule predictions:
    input:
        unpack(sealed_split),
        probabilities=f"{VARIANT}/probabilities.parquet",
    output:
        predictions=f"{VARIANT}/predictions.parquet",
        thresholds=f"{VARIANT}/thresholds.json",
    log:
        f"{LOGS}/predictions-{{variant}}.log",
    localrule: True
    params:
        *code("predictions"),
        task=lambda wildcards: TRAINED.variants[wildcards.variant].task,
    script:
        "../scripts/predictions.py"
