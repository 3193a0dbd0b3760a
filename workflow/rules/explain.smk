"""Where a network looks: heatmaps of pictures from each cluster."""


rule explain:
    input:
        unpack(sealed),
        model=VARIANT + "/model.safetensors",
        predictions=VARIANT + "/predictions.parquet",
        points=VARIANT + "/latent.parquet",
    output:
        VARIANT + "/heatmaps.npz",
    params:
        *code("explain"),
        network=network_code("explain"),
        pictures=CONFIG.explain.pictures,
    log:
        LOGS + "/explain-{variant}.log",
    benchmark:
        LOGS + "/explain-{variant}.benchmark.tsv"
    script:
        "../scripts/explain.py"
