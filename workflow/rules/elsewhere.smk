"""Pictures from elsewhere, never used for training: a labelled test set (external), and unlabelled ones (picked)."""

# The files that a run makes from these pictures. Without pictures from elsewhere, the lists stay empty.
EXTERNAL_METRICS = []
PICKED_FILES = []

try:
    # The sets of pictures by name (`external`, `picked`), with the params of their catalogues.
    ELSEWHERE = sources.elsewhere(PLAN)
except UserError as error:
    stop(error)


def elsewhere(param):
    return lambda wildcards: ELSEWHERE[wildcards.elsewhere][param]


def seen_elsewhere(name):
    """The params of rules that read a set of such pictures in the state in which networks see them."""
    return as_written(**{param: ELSEWHERE[name][param] for param in SEEN})


def pixels_from(rule, encoding_rule):
    """An input function: the array of such pictures that a variant's network sees, or their features, and its digest.

    `rule` makes the pixels, and `encoding_rule` the features of an encoder.
    """

    def inputs(wildcards):
        encoder = PLAN.encoder_of(wildcards.variant)
        made = getattr(rules, encoding_rule if encoder else rule).output
        pixels, digest = expand(made, encoder=encoder, **variant(wildcards).array)
        return {"pixels": ancient(pixels), "digest": digest}

    return inputs


def array_of(name, *scripts):
    """The path of an array in the scratch folder, with wildcards for its size and filter.

    The scratch folder is not versioned, so the file name contains a digest of everything that decides the content.
    """
    decisive = sources.name_of(*map(code, scripts), ELSEWHERE[name])
    return f"{SCRATCH}/{name}-{decisive}-{{size}}-{{resize}}.npy"


def encoded_of(array):
    """The path of the features that an encoder computes from an array of pictures; `encoder` is its wildcard."""
    return array.replace("{size}-{resize}", "{encoder}")


use rule catalogue as elsewhere_catalogue with:
    input:
        [],
    output:
        catalogue=f"{RESULTS}/{{elsewhere}}.parquet",
        rejected=f"{RESULTS}/{{elsewhere}}-rejected.parquet",
        ignored=f"{RESULTS}/{{elsewhere}}-ignored.parquet",
        unusable=f"{RESULTS}/{{elsewhere}}-unusable.json",
    log:
        f"{LOGS}/elsewhere_catalogue-{{elsewhere}}.log",
    wildcard_constraints:
        elsewhere=one_of(ELSEWHERE),
    params:
        *code("catalogue"),
        root=elsewhere("root"),
        digest=elsewhere("digest"),
        labels=elsewhere("labels"),
        labels_file=None,
        images=None,
        max_rejected=elsewhere("max_rejected"),
        seed=0,
        setting=elsewhere("setting"),


if "external" in ELSEWHERE:
    EXTERNAL_PIXELS = array_of("external", "catalogue", "pixels")
    EXTERNAL_METRICS = of_each("external.json")

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
            **seen_elsewhere("external"),

    use rule encode as encode_external with:
        input:
            unpack(encoder_weights),
            unpack(read_by_encoder("external_pixels")),
        output:
            encoded=encoded_of(EXTERNAL_PIXELS),
            digest=encoded_of(EXTERNAL_PIXELS).replace(".npy", ".json"),
        log:
            f"{LOGS}/encode_external-{{encoder}}.log",

    rule external_scores:
        input:
            unpack(seals),
            unpack(trained),
            unpack(pixels_from("external_pixels", "encode_external")),
            catalogue=rules.catalogue.output.catalogue,
            external=f"{RESULTS}/external.parquet",
            thresholds=f"{VARIANT}/thresholds.json",
        output:
            scores=f"{VARIANT}/external.parquet",
            metrics=f"{VARIANT}/external.json",
        log:
            f"{LOGS}/external_scores-{{variant}}.log",
        resources:
            **PLAN.gpu,
        params:
            *code("external_scores"),
            network=network_code("external_scores"),
            pictures=ELSEWHERE["external"],
            seed=lambda wildcards: PLAN.seed_of(f"{wildcards.variant} external"),
            device=CONFIG.device,
        script:
            "../scripts/external_scores.py"


if "picked" in ELSEWHERE:
    PICKED_PIXELS = array_of("picked", "catalogue", "corrupt")

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
            **seen_elsewhere("picked"),
            seed=PLAN.seed_of("robustness"),
            draw=None,

    use rule encode as encode_picked with:
        input:
            unpack(encoder_weights),
            unpack(read_by_encoder("picked_corrupt")),
        output:
            encoded=encoded_of(PICKED_PIXELS),
            digest=encoded_of(PICKED_PIXELS).replace(".npy", ".json"),
        log:
            f"{LOGS}/encode_picked-{{encoder}}.log",

    rule picked_scores:
        input:
            unpack(seals),
            unpack(trained),
            unpack(pixels_from("picked_corrupt", "encode_picked")),
            picked=f"{RESULTS}/picked.parquet",
            thresholds=f"{VARIANT}/thresholds.json",
        output:
            f"{VARIANT}/picked.parquet",
        log:
            f"{LOGS}/picked_scores-{{variant}}.log",
        resources:
            **PLAN.gpu,
        params:
            *code("picked_scores"),
            network=network_code("picked_scores"),
            pictures=[ELSEWHERE["picked"], PLAN.seed_of("robustness")],
            device=CONFIG.device,
        script:
            "../scripts/picked_scores.py"

    rule picked_table:
        input:
            scores=of_each("picked.parquet"),
            pictures=f"{RESULTS}/picked.parquet",
        output:
            table=f"{RESULTS}/picked.csv",
            figure=shown(figures.of_collection("picked.png")),
        log:
            f"{LOGS}/picked_table.log",
        params:
            *code("picked_table"),
            **seen_elsewhere("picked"),
            variants=PLAN.names,
        script:
            "../scripts/picked_table.py"

    PICKED_FILES = [
        *expand(rules.elsewhere_catalogue.output, elsewhere="picked"),
        *map(str, rules.picked_table.output),
    ]
