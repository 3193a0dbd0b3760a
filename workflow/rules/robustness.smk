"""How networks answer when pictures are changed a little."""


def perturbed_for(variant):
    """The perturbed test pictures of a variant, and their digest."""
    of = SEALED[variant]
    pixels, digest = expand(rules.perturbed.output, tested=TESTED_BY[of["split"]], **of)
    return {"perturbed": ancient(pixels), "perturbed_digest": digest}


def perturbed_by(variant):
    """What decides them: a run that lost its scratch folder before this job must not hide a change."""
    return [*code("perturbed"), perturbing(TESTED_BY[SEALED[variant]["split"]])]


rule robustness:
    input:
        unpack(seals_of),
        unpack(trained),
        unpack(lambda wildcards: perturbed_for(wildcards.variant)),
        unpack(predicted),
    output:
        scores=f"{VARIANT}/perturbed.parquet",
        rates=f"{VARIANT}/robustness.parquet",
    log:
        f"{LOGS}/robustness-{{variant}}.log",
    resources:
        **GPU,
    params:
        *code("robustness"),
        network=network_code("robustness"),
        perturbed=lambda wildcards: perturbed_by(wildcards.variant),
        seed=lambda wildcards: seed_of(f"{wildcards.variant} robustness"),
        device=CONFIG.device,
    script:
        "../scripts/robustness.py"


def largest_perturbed(wildcards):
    """The perturbed pictures with the most pixels that a variant sees, and their digest."""
    name = max(CONFIG.variants, key=lambda name: SEALED[name]["size"])
    return perturbed_for(name)


rule perturbed_examples:
    input:
        unpack(largest_perturbed),
    output:
        report(
            f"{RESULTS}/figures/perturbations.jpg",
            caption="../report/perturbations.rst",
            category="All variants",
            labels={"what": "Examples of changed pictures"},
        ),
    log:
        f"{LOGS}/perturbed_examples.log",
    params:
        *code("perturbed_examples"),
        perturbed=perturbed_by(max(CONFIG.variants, key=lambda name: SEALED[name]["size"])),
    script:
        "../scripts/perturbed_examples.py"
