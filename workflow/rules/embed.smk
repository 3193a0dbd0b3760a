"""The penultimate layer drawn in two dimensions, its prototypes, and how far its groups spread."""

# UMAP is an extra: its module, and so its package, counts where it is asked for.
MAPPED_BY = ["brushprint.features._umap"] if CONFIG.latent.embedding.method == "umap" else []


rule embed:
    input:
        unpack(sealed_pixels),
        predictions=f"{VARIANT}/predictions.parquet",
        features=ancient(f"{VARIANT}/features.parquet"),
        features_digest=f"{VARIANT}/features.sha256",
    output:
        points=f"{VARIANT}/embedding.parquet",
        summary=f"{VARIANT}/embedding.json",
        prototypes=f"{VARIANT}/prototypes.parquet",
        pictures=f"{VARIANT}/prototypes.npz",
    log:
        f"{LOGS}/embed-{{variant}}.log",
    params:
        *code("embed"),
        umap=added_code("embed", *MAPPED_BY),
        embedding=CONFIG.latent.embedding.model_dump(),
        seed=lambda wildcards: seed_of(wildcards.variant),
    script:
        "../scripts/embed.py"
