"""Where a network looks: heatmaps of pictures from each cluster, of right and of wrong answers, by two methods."""


rule explain:
    input:
        unpack(sealed_pixels),
        unpack(trained),
        predictions=f"{VARIANT}/predictions.parquet",
        points=f"{VARIANT}/latent.parquet",
    output:
        heatmaps=f"{VARIANT}/heatmaps.npz",
        numbers=f"{VARIANT}/heatmaps.parquet",
        summary=f"{VARIANT}/heatmaps.json",
    log:
        f"{LOGS}/explain-{{variant}}.log",
    resources:
        **GPU,
    params:
        *code("explain"),
        **CONFIG.explain.model_dump(include={"pictures", "panel", "occlusion"}),
        network=network_code("explain"),
        seed=lambda wildcards: seed_of(wildcards.variant),
        device=CONFIG.device,
    script:
        "../scripts/explain.py"
