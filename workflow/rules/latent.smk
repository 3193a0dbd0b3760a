"""What a network learned: components of its features, and clusters in them."""


rule latent:
    input:
        unpack(seals_of),
        predictions=f"{VARIANT}/predictions.parquet",
        features=ancient(f"{VARIANT}/features.parquet"),
        features_digest=f"{VARIANT}/features.sha256",
    output:
        points=f"{VARIANT}/latent.parquet",
        summary=f"{VARIANT}/latent.json",
    log:
        f"{LOGS}/latent-{{variant}}.log",
    params:
        *code("latent"),
        latent=CONFIG.latent.model_dump(exclude={"embedding"}),
        seed=lambda wildcards: seed_of(wildcards.variant),
    script:
        "../scripts/latent.py"
