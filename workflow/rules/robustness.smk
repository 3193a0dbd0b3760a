"""How networks answer when pictures are corrupted."""


def corrupted_for(variant):
    """The corrupted test pictures of a variant, and their digest."""
    of = SEALED[variant]
    pixels, digest = expand(rules.corrupt.output, tested=TESTED_BY[of["split"]], **of)
    return {"perturbed": ancient(pixels), "perturbed_digest": digest}


def corrupted_by(variant):
    """The params that decide them: a run that lost its scratch folder before this job must not hide a change."""
    return corrupt_params(TESTED_BY[SEALED[variant]["split"]])


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
        perturbed=lambda wildcards: corrupted_by(wildcards.variant),
        seed=lambda wildcards: seed_of(f"{wildcards.variant} robustness"),
        device=CONFIG.device,
    script:
        "../scripts/robustness.py"


def largest_corrupted(wildcards):
    """The corrupted pictures with the most pixels that a variant sees, and their digest."""
    name = max(CONFIG.variants, key=lambda name: SEALED[name]["size"])
    return corrupted_for(name)


PERTURBATIONS_FIGURE = figure_registry.of_collection("perturbations.jpg")


rule perturbed_examples:
    input:
        unpack(largest_corrupted),
    output:
        shown(PERTURBATIONS_FIGURE),
    log:
        f"{LOGS}/perturbed_examples.log",
    params:
        *code("figures"),
        **drawn([PERTURBATIONS_FIGURE]),
        corrupted_by=corrupted_by(max(CONFIG.variants, key=lambda name: SEALED[name]["size"])),
    script:
        "../scripts/figures.py"
