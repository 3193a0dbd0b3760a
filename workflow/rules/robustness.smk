"""How networks answer when pictures are changed a little."""


def perturbed_for(wildcards):
    """The perturbed test pictures of a variant, and their digest."""
    of = SEALED[wildcards.variant]
    pixels, digest = expand(rules.perturbed.output, tested=TESTED_BY[of["split"]], **of)
    return {"perturbed": ancient(pixels), "perturbed_digest": digest}


rule robustness:
    input:
        unpack(sealed_split),
        unpack(trained),
        unpack(perturbed_for),
        predictions=f"{VARIANT}/predictions.parquet",
    output:
        scores=f"{VARIANT}/perturbed.parquet",
        rates=f"{VARIANT}/robustness.parquet",
    log:
        f"{LOGS}/robustness-{{variant}}.log",
    benchmark:
        f"{LOGS}/robustness-{{variant}}.benchmark.tsv"
    params:
        *code("robustness"),
        network=network_code("robustness"),
        seed=lambda wildcards: seed_of(f"{wildcards.variant} robustness"),
        device=CONFIG.device,
    script:
        "../scripts/robustness.py"
