"""One forward pass over the held-out pictures gives predictions and features."""


rule infer:
    input:
        unpack(sealed),
        unpack(trained),
    output:
        predictions=f"{VARIANT}/predictions.parquet",
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
