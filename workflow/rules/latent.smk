"""What a network learned: components of its features, and clusters in them."""


rule latent:
    input:
        split=lambda wildcards: f"{RESULTS}/splits/{CONFIG.variants[wildcards.variant].split}.parquet",
        predictions=VARIANT + "/predictions.parquet",
        features=VARIANT + "/features.parquet",
    output:
        points=VARIANT + "/latent.parquet",
        summary=VARIANT + "/latent.json",
    params:
        *code("latent"),
        latent=CONFIG.latent.model_dump(),
        seed=CONFIG.seed,
    log:
        LOGS + "/latent-{variant}.log",
    benchmark:
        LOGS + "/latent-{variant}.benchmark.tsv"
    script:
        "../scripts/latent.py"
