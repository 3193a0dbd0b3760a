"""Pictures from elsewhere: a further test set with labels (external), and hand-picked ones without; neither trains."""


def pictures_from(source, setting):
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


# Each set of pictures from elsewhere by its name: where they are, and the params of its catalogue.
ELSEWHERE = {}

if CONFIG.external:
    EXTERNAL = pictures_from(CONFIG.external.source, "external.source")
    ELSEWHERE["external"] = EXTERNAL | {
        "labels": [rule.model_dump() for rule in CONFIG.external.labels],
        "max_rejected": CONFIG.collection.max_rejected,
        "setting": "external.source",
    }

if CONFIG.robustness.picked:
    PICKED = pictures_from(CONFIG.robustness.picked, "robustness.picked")
    ELSEWHERE["picked"] = PICKED | {"labels": None, "max_rejected": 1, "setting": "robustness.picked"}


def elsewhere(param):
    return lambda wildcards: ELSEWHERE[wildcards.elsewhere][param]


use rule catalogue as elsewhere_catalogue with:
    input:
        [],
    output:
        catalogue=f"{RESULTS}/{{elsewhere}}.parquet",
        rejected=f"{RESULTS}/{{elsewhere}}-rejected.parquet",
    log:
        f"{LOGS}/elsewhere_catalogue-{{elsewhere}}.log",
    wildcard_constraints:
        elsewhere=one_of(ELSEWHERE) or "none",
    params:
        *code("catalogue"),
        root=elsewhere("root"),
        digest=elsewhere("digest"),
        labels=elsewhere("labels"),
        images=None,
        max_rejected=elsewhere("max_rejected"),
        seed=0,
        setting=elsewhere("setting"),


EXTERNAL_METRICS = []
PICKED_FILES = []

if CONFIG.external:
    EXTERNAL_METRICS = expand(f"{VARIANT}/external.json", variant=CONFIG.variants)
    EXTERNAL_PIXELS = array_of("external", code("catalogue"), code("pixels"), ELSEWHERE["external"])

    use rule pixels as external_pixels with:
        input:
            catalogue=f"{RESULTS}/external.parquet",
        output:
            pixels=EXTERNAL_PIXELS,
            digest=EXTERNAL_PIXELS.replace(".npy", ".json"),
        log:
            f"{LOGS}/external_pixels-{{size}}-{{resize}}.log",
        params:
            *code("pixels"),
            **EXTERNAL,

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
            pictures=ELSEWHERE["external"],
            seed=lambda wildcards: seed_of(f"{wildcards.variant} external"),
            device=CONFIG.device,
        script:
            "../scripts/external_scores.py"


if CONFIG.robustness.picked:
    PICKED_SEED = seed_of("robustness")
    PICKED_PIXELS = array_of("picked", code("catalogue"), code("corrupt"), ELSEWHERE["picked"], PICKED_SEED)

    use rule corrupt as picked_corrupt with:
        input:
            catalogue=f"{RESULTS}/picked.parquet",
        output:
            pixels=PICKED_PIXELS,
            digest=PICKED_PIXELS.replace(".npy", ".json"),
        log:
            f"{LOGS}/picked_corrupt-{{size}}-{{resize}}.log",
        params:
            *code("corrupt"),
            **PICKED,
            seed=PICKED_SEED,
            draw=None,

    rule picked_scores:
        input:
            unpack(seals_of),
            unpack(trained),
            unpack(seen_from("picked_corrupt")),
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
            pictures=[ELSEWHERE["picked"], PICKED_SEED],
            device=CONFIG.device,
        script:
            "../scripts/picked_scores.py"

    rule picked_table:
        input:
            scores=expand(f"{VARIANT}/picked.parquet", variant=CONFIG.variants),
            pictures=f"{RESULTS}/picked.parquet",
        output:
            table=f"{RESULTS}/picked.csv",
            figure=shown(figure_registry.of_collection("picked.png")),
        log:
            f"{LOGS}/picked_table.log",
        params:
            *code("picked_table"),
            **PICKED,
            variants=list(CONFIG.variants),
        script:
            "../scripts/picked_table.py"

    PICKED_FILES = [*expand(rules.elsewhere_catalogue.output, elsewhere="picked"), *map(str, rules.picked_table.output)]
