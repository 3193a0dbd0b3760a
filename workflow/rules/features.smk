"""Analyse the features that a network learned: components, clusters, and a map of its penultimate layer."""


rule latent:
    input:
        unpack(seals),
        unpack(features),
        predictions=f"{VARIANT}/predictions.parquet",
    output:
        points=f"{VARIANT}/latent.parquet",
        summary=f"{VARIANT}/latent.json",
    log:
        f"{LOGS}/latent-{{variant}}.log",
    params:
        *code("latent"),
        latent=CONFIG.latent.model_dump(exclude={"embedding"}),
        seed=lambda wildcards: variant(wildcards).seed,
    script:
        "../scripts/latent.py"


rule embed:
    input:
        unpack(sealed_pixels),
        unpack(features),
        predictions=f"{VARIANT}/predictions.parquet",
    output:
        points=f"{VARIANT}/embedding.parquet",
        summary=f"{VARIANT}/embedding.json",
        prototypes=f"{VARIANT}/prototypes.parquet",
        pictures=f"{VARIANT}/prototypes.npz",
    log:
        f"{LOGS}/embed-{{variant}}.log",
    params:
        *code("embed"),
        umap=SCRIPTS.added("embed", *PLAN.embedding_modules),
        embedding=CONFIG.latent.embedding.model_dump(),
        seed=lambda wildcards: variant(wildcards).seed,
    script:
        "../scripts/embed.py"
