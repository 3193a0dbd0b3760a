"""Evaluate and compare the variants, list their mistakes, and evaluate corrupted pictures and retrained variants."""


rule evaluate:
    input:
        unpack(sealed_split),
        unpack(predicted),
    output:
        metrics=report(
            f"{VARIANT}/metrics.json",
            caption="../report/metrics.rst",
            category="{variant}",
            labels={"figure": "Metrics"},
        ),
        roc=f"{VARIANT}/roc.csv",
        confusion=f"{VARIANT}/confusion.csv",
        detection=f"{VARIANT}/detection.csv",
        styles=f"{VARIANT}/styles.csv",
    log:
        f"{LOGS}/evaluate-{{variant}}.log",
    params:
        *code("evaluate"),
        task=lambda wildcards: variant(wildcards).task,
        seed=lambda wildcards: variant(wildcards).seed,
    script:
        "../scripts/evaluate.py"


rule compare:
    input:
        metrics=of_each("metrics.json"),
        predictions=of_each("predictions.parquet"),
    output:
        comparisons=f"{RESULTS}/comparisons.json",
        metrics=report(
            f"{RESULTS}/metrics.json",
            caption="../report/compare.rst",
            category="All variants",
            labels={"figure": "Metrics side by side"},
        ),
    log:
        f"{LOGS}/compare.log",
    params:
        *code("compare"),
        tasks={name: PLAN.variants[name].task for name in PLAN.names},
        seed=PLAN.seed_of("compare"),
    script:
        "../scripts/compare.py"


rule recommend:
    input:
        thresholds=expand(f"{VARIANT}/thresholds.json", variant=PLAN.candidates),
        predictions=expand(f"{VARIANT}/predictions.parquet", variant=PLAN.candidates),
    output:
        f"{RESULTS}/recommended.json",
    log:
        f"{LOGS}/recommend.log",
    params:
        *code("recommend"),
        variants=PLAN.candidates,
        seed=PLAN.seed_of("recommend"),
    script:
        "../scripts/recommend.py"


rule mistakes:
    input:
        COLLECTION,
        catalogue=rules.catalogue.output.catalogue,
        predictions=of_each("predictions.parquet"),
    output:
        f"{RESULTS}/mistakes.parquet",
    log:
        f"{LOGS}/mistakes.log",
    params:
        *code("mistakes"),
        **as_written(**SEEN),
        variants=PLAN.names,
    script:
        "../scripts/mistakes.py"


def corrupted_pixels(variant):
    """The corrupted test pictures of a variant, and their digest."""
    pixels, digest = expand(rules.corrupt.output, tested=PLAN.tested(variant.split), **variant.array)
    return {"corrupted": ancient(pixels), "corrupted_digest": digest}


def corrupting(variant):
    """The code and parameters that decide the corrupted test pictures of a variant.

    As params, they reveal a change of the pictures even if a run lost its scratch folder before the job.
    """
    draw = PLAN.test_draw(PLAN.tested(variant.split))
    return [*code("corrupt"), *SEEN.values(), PLAN.seed_of("robustness"), draw]


def corrupted(wildcards):
    """What a variant takes of the corrupted test pictures: their pixels, or the features of its encoder."""
    of, encoder = variant(wildcards), PLAN.encoder_of(wildcards.variant)
    if encoder is None:
        return corrupted_pixels(of)
    encoded, digest = expand(rules.encode_corrupted.output, tested=PLAN.tested(of.split), encoder=encoder)
    return {"corrupted": ancient(encoded), "corrupted_digest": digest}


def corruption(wildcards):
    """The code and parameters that decide what `corrupted` gives."""
    encoder = PLAN.encoder_of(wildcards.variant)
    return corrupting(variant(wildcards)) + (encoding(encoder) if encoder else [])


rule robustness:
    input:
        unpack(seals),
        unpack(trained),
        unpack(fold_heads),
        unpack(predicted),
        unpack(corrupted),
    output:
        scores=f"{VARIANT}/corrupted.parquet",
        rates=f"{VARIANT}/robustness.parquet",
    log:
        f"{LOGS}/robustness-{{variant}}.log",
    resources:
        **PLAN.gpu,
    params:
        *code("robustness"),
        network=network_code("robustness"),
        corruption=corruption,
        seed=lambda wildcards: PLAN.seed_of(f"{wildcards.variant} robustness"),
        device=CONFIG.device,
    script:
        "../scripts/robustness.py"


rule arms:
    input:
        predictions=expand(f"{VARIANT}/predictions.parquet", variant=PLAN.arms),
    output:
        f"{RESULTS}/arms.json",
    log:
        f"{LOGS}/arms.log",
    params:
        *code("arms"),
        variants=PLAN.arms,
        arms={
            variant.name: {
                "parent": variant.parent,
                "unseen": variant.unseen,
                "without": list(variant.exclude_sources),
            }
            for variant in PLAN.retrained
            if not variant.harmonised
        },
        false_alarm_rate=CONFIG.false_alarm_rate,
        seed=PLAN.seed_of("arms"),
    script:
        "../scripts/arms.py"


rule art_or_file:
    input:
        predictions=expand(f"{VARIANT}/predictions.parquet", variant=PLAN.harmonised),
        harmonised=expand(f"{VARIANT}+harmonised/predictions.parquet", variant=PLAN.harmonised),
        rates=expand(f"{VARIANT}/robustness.parquet", variant=PLAN.harmonised),
        features=f"{RESULTS}/shortcut-features-raw.parquet",
    output:
        f"{RESULTS}/art-or-file.json",
    log:
        f"{LOGS}/art_or_file.log",
    params:
        *code("art_or_file"),
        variants=PLAN.harmonised,
        seed=PLAN.seed_of("art or file"),
    script:
        "../scripts/art_or_file.py"
