"""Where a network looks: heatmaps of pictures from each cluster."""


rule explain:
    input:
        unpack(sealed),
        unpack(trained),
        predictions=f"{VARIANT}/predictions.parquet",
        points=f"{VARIANT}/latent.parquet",
    output:
        f"{VARIANT}/heatmaps.npz",
    log:
        f"{LOGS}/explain-{{variant}}.log",
    benchmark:
        f"{LOGS}/explain-{{variant}}.benchmark.tsv"
    params:
        *code("explain"),
        network=network_code("explain"),
        pictures=CONFIG.explain.pictures,
        device=CONFIG.device,
    script:
        "../scripts/explain.py"
