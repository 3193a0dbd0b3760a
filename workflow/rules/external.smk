"""Pictures from elsewhere: a further test set, and hand-picked ones; neither trains."""


def elsewhere(source, key):
    """The params of rules that open pictures of a setting, with the digest of their content."""
    path = Path(source).expanduser()
    if not path.exists():
        stop(f"{key}: {path} does not exist; give a folder, a zip or a tar")
    digest = provenance.content_digest(path, Path(f"{SCRATCH}/digests/{key}.json"))
    return {"root": str(path), "digest": digest, "harmonise": HARMONISE}


EXTERNAL_METRICS = {}
PICKED_SCORES = []

if CONFIG.external:
    EXTERNAL = elsewhere(CONFIG.external.source, "external.source")
    EXTERNAL_METRICS = {"external": expand(f"{VARIANT}/external.json", variant=CONFIG.variants)}

    rule external:
        input:
            catalogue=f"{RESULTS}/catalogue.parquet",
        output:
            catalogue=f"{RESULTS}/external.parquet",
            rejected=f"{RESULTS}/external-rejected.parquet",
        log:
            f"{LOGS}/external.log",
        benchmark:
            f"{LOGS}/external.benchmark.tsv"
        threads: ALL_CORES
        params:
            *code("external"),
            **EXTERNAL,
            labels=[rule.model_dump() for rule in CONFIG.external.labels],
            max_rejected=CONFIG.collection.max_rejected,
            seed=seed_of("external"),
        script:
            "../scripts/external.py"

    rule external_scores:
        input:
            unpack(sealed_split),
            unpack(trained),
            external=f"{RESULTS}/external.parquet",
            predictions=f"{VARIANT}/predictions.parquet",
        output:
            scores=f"{VARIANT}/external-scores.parquet",
            metrics=f"{VARIANT}/external.json",
        log:
            f"{LOGS}/external_scores-{{variant}}.log",
        benchmark:
            f"{LOGS}/external_scores-{{variant}}.benchmark.tsv"
        params:
            *code("external_scores"),
            **EXTERNAL,
            network=network_code("external_scores"),
            size=lambda wildcards: SEALED[wildcards.variant]["size"],
            resize=lambda wildcards: SEALED[wildcards.variant]["resize"],
            seed=lambda wildcards: seed_of(f"{wildcards.variant} external"),
            device=CONFIG.device,
        script:
            "../scripts/external_scores.py"


if CONFIG.robustness.picked:
    PICKED = elsewhere(CONFIG.robustness.picked, "robustness.picked")
    PICKED_SCORES = expand(f"{VARIANT}/picked.parquet", variant=CONFIG.variants)

    rule picked_scores:
        input:
            unpack(sealed_split),
            unpack(trained),
            predictions=f"{VARIANT}/predictions.parquet",
        output:
            f"{VARIANT}/picked.parquet",
        log:
            f"{LOGS}/picked_scores-{{variant}}.log",
        benchmark:
            f"{LOGS}/picked_scores-{{variant}}.benchmark.tsv"
        params:
            *code("picked_scores"),
            **PICKED,
            network=network_code("picked_scores"),
            size=lambda wildcards: SEALED[wildcards.variant]["size"],
            resize=lambda wildcards: SEALED[wildcards.variant]["resize"],
            picked_seed=seed_of("robustness"),
            device=CONFIG.device,
        script:
            "../scripts/picked_scores.py"

    rule picked:
        input:
            PICKED_SCORES,
        output:
            table=f"{RESULTS}/picked.csv",
            rejected=f"{RESULTS}/picked-rejected.csv",
            figure=report(
                f"{RESULTS}/figures/picked.png",
                caption="../report/picked.rst",
                category="All variants",
                labels={"what": "Hand-picked pictures"},
            ),
        log:
            f"{LOGS}/picked.log",
        benchmark:
            f"{LOGS}/picked.benchmark.tsv"
        params:
            *code("picked"),
            **PICKED,
            variants=list(CONFIG.variants),
        script:
            "../scripts/picked.py"
