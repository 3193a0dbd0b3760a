"""One forward pass over the held-out pictures gives predictions and features."""


rule infer:
    input:
        unpack(sealed),
        model=f"{VARIANT}/model.safetensors",
    output:
        predictions=f"{VARIANT}/predictions.parquet",
        features=f"{VARIANT}/features.parquet",
    log:
        f"{LOGS}/infer-{{variant}}.log",
    benchmark:
        f"{LOGS}/infer-{{variant}}.benchmark.tsv"
    params:
        *code("infer"),
        network=network_code("infer"),
        device=CONFIG.device,
    script:
        "../scripts/infer.py"
