"""Pictures from elsewhere: a further test set, and hand-picked ones; neither trains."""


def elsewhere(source, setting):
    """The params of rules that open the pictures of a setting, with the digest of their content."""
    path = Path(source).expanduser()
    if not path.exists():
        stop(f"{setting}: {path} does not exist; give a folder, a zip or a tar")
    digest = provenance.content_digest(path, Path(f"{SCRATCH}/digests/{setting}.json"))
    return {"root": str(path), "digest": digest, "harmonise": HARMONISE}


def array_of(kind, *decides):
    """An array in the scratch folder, which is not versioned: its name says what decides its content."""
    return f"{SCRATCH}/{kind}-{key(decides)[:8]}-{{size}}-{{resize}}.npy"


def seen_from(rule):
    """The array that a variant sees of such pictures, and its digest."""

    def files(wildcards):
        pixels, digest = expand(getattr(rules, rule).output, **SEALED[wildcards.variant])
        return {"pixels": ancient(pixels), "digest": digest}

    return files


EXTERNAL_METRICS = []
PICKED_FILES = []

if CONFIG.external:
    EXTERNAL = elsewhere(CONFIG.external.source, "external.source")
    EXTERNAL_LABELS = [rule.model_dump() for rule in CONFIG.external.labels]
    EXTERNAL_METRICS = expand(f"{VARIANT}/external.json", variant=CONFIG.variants)
    EXTERNAL_PIXELS = array_of("external", code("external"), code("external_pixels"), EXTERNAL, EXTERNAL_LABELS)

    rule external:
        output:
            catalogue=f"{RESULTS}/external.parquet",
            rejected=f"{RESULTS}/external-rejected.parquet",
        log:
            f"{LOGS}/external.log",
        threads: ALL_CORES
        params:
            *code("external"),
            **EXTERNAL,
            labels=EXTERNAL_LABELS,
            max_rejected=CONFIG.collection.max_rejected,
        script:
            "../scripts/external.py"

    rule external_pixels:
        input:
            catalogue=f"{RESULTS}/external.parquet",
        output:
            pixels=EXTERNAL_PIXELS,
            digest=EXTERNAL_PIXELS.replace(".npy", ".json"),
        log:
            f"{LOGS}/external_pixels-{{size}}-{{resize}}.log",
        threads: ALL_CORES
        params:
            *code("external_pixels"),
            **EXTERNAL,
        script:
            "../scripts/external_pixels.py"

    rule external_scores:
        input:
            unpack(seals_of),
            unpack(trained),
            unpack(seen_from("external_pixels")),
            catalogue=f"{RESULTS}/catalogue.parquet",
            external=f"{RESULTS}/external.parquet",
            thresholds=f"{VARIANT}/thresholds.json",
        output:
            scores=f"{VARIANT}/external.parquet",
            metrics=f"{VARIANT}/external.json",
        log:
            f"{LOGS}/external_scores-{{variant}}.log",
        resources:
            **GPU,
        params:
            *code("external_scores"),
            network=network_code("external_scores"),
            pictures=[EXTERNAL, EXTERNAL_LABELS],
            seed=lambda wildcards: seed_of(f"{wildcards.variant} external"),
            device=CONFIG.device,
        script:
            "../scripts/external_scores.py"


if CONFIG.robustness.picked:
    PICKED = elsewhere(CONFIG.robustness.picked, "robustness.picked")
    PICKED_SEED = seed_of("robustness")
    PICKED_PIXELS = array_of("picked", code("picked"), code("picked_pixels"), PICKED, PICKED_SEED)

    rule picked:
        output:
            pictures=f"{RESULTS}/picked.parquet",
            rejected=f"{RESULTS}/picked-rejected.parquet",
        log:
            f"{LOGS}/picked.log",
        threads: ALL_CORES
        params:
            *code("picked"),
            **PICKED,
        script:
            "../scripts/picked.py"

    rule picked_pixels:
        input:
            f"{RESULTS}/picked.parquet",
        output:
            pixels=PICKED_PIXELS,
            digest=PICKED_PIXELS.replace(".npy", ".json"),
        log:
            f"{LOGS}/picked_pixels-{{size}}-{{resize}}.log",
        threads: ALL_CORES
        params:
            *code("picked_pixels"),
            **PICKED,
            seed=PICKED_SEED,
        script:
            "../scripts/picked_pixels.py"

    rule picked_scores:
        input:
            unpack(seals_of),
            unpack(trained),
            unpack(seen_from("picked_pixels")),
            picked=f"{RESULTS}/picked.parquet",
            thresholds=f"{VARIANT}/thresholds.json",
        output:
            f"{VARIANT}/picked.parquet",
        log:
            f"{LOGS}/picked_scores-{{variant}}.log",
        resources:
            **GPU,
        params:
            *code("picked_scores"),
            network=network_code("picked_scores"),
            pictures=[PICKED, PICKED_SEED],
            device=CONFIG.device,
        script:
            "../scripts/picked_scores.py"

    rule picked_table:
        input:
            scores=expand(f"{VARIANT}/picked.parquet", variant=CONFIG.variants),
            pictures=f"{RESULTS}/picked.parquet",
        output:
            table=f"{RESULTS}/picked.csv",
            figure=report(
                f"{RESULTS}/figures/picked.png",
                caption="../report/picked.rst",
                category="All variants",
                labels={"what": "Hand-picked pictures"},
            ),
        log:
            f"{LOGS}/picked_table.log",
        params:
            *code("picked_table"),
            **PICKED,
            variants=list(CONFIG.variants),
        script:
            "../scripts/picked_table.py"

    PICKED_FILES = [*rules.picked.output, *map(str, rules.picked_table.output)]
