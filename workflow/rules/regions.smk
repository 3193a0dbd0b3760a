"""Where the heat lies on every test picture, and whether the maps are honest."""


rule regions:
    input:
        unpack(sealed_pixels),
        unpack(trained),
        predictions=f"{VARIANT}/predictions.parquet",
        points=f"{VARIANT}/latent.parquet",
        faces=f"{RESULTS}/faces.parquet",
    output:
        shares=f"{VARIANT}/regions.parquet",
        effects=f"{VARIANT}/region-effects.parquet",
        maps=f"{VARIANT}/mean-maps.parquet",
        curves=f"{VARIANT}/faithfulness.parquet",
        honest=f"{VARIANT}/faithfulness.json",
    log:
        f"{LOGS}/regions-{{variant}}.log",
    resources:
        **GPU,
    params:
        *code("regions"),
        network=network_code("regions"),
        random_networks=CONFIG.explain.random_networks,
        seed=lambda wildcards: seed_of(f"{wildcards.variant} random networks"),
        checked=CONFIG.explain.faithfulness_pictures,
        checking_seed=lambda wildcards: seed_of(f"{wildcards.variant} faithfulness"),
        device=CONFIG.device,
    script:
        "../scripts/regions.py"
