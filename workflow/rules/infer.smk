"""One forward pass over the held-out pictures gives predictions and features."""


rule infer:
    input:
        unpack(sealed),
        model=VARIANT + "/model.safetensors",
    output:
        predictions=VARIANT + "/predictions.parquet",
        features=VARIANT + "/features.parquet",
    params:
        *code("infer"),
        network=network_code("infer"),
        device=CONFIG.device,
    log:
        LOGS + "/infer-{variant}.log",
    benchmark:
        LOGS + "/infer-{variant}.benchmark.tsv"
    script:
        "../scripts/infer.py"
