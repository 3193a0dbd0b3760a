"""Test pictures changed a little, as pictures are on their way through the world."""

# The pictures that test, by what decides them: those of splits that are drawn alike are the same.
TESTED_BY = {
    name: f"{'published' if split.published else 'drawn'}-{split.test:g}" for name, split in TRAINED.splits.items()
}
PERTURBED = f"{SCRATCH}/perturbed-{{tested}}-{{size}}-{{resize}}.npy"
PERTURBED_FROM = [Path(RESULTS, f"{table}.parquet") for table in ("catalogue", "groups", "cues-raw")]


def perturbing(tested):
    """The params that decide which pictures are perturbed, and how."""
    kind, _, share = tested.partition("-")
    return {
        **SEEN,
        "pictures": CONFIG.robustness.pictures,
        "published": kind == "published",
        "test": float(share),
        "test_seed": seed_of("test"),
        "seed": seed_of("robustness"),
    }


rule perturbed:
    input:
        PICTURES["input"],
        catalogue=f"{RESULTS}/catalogue.parquet",
        groups=f"{RESULTS}/groups.parquet",
        cues=f"{RESULTS}/cues-raw.parquet",
    output:
        pixels=PERTURBED,
        digest=f"{SCRATCH}/perturbed-{{tested}}-{{size}}-{{resize}}.json",
    log:
        f"{LOGS}/perturbed-{{tested}}-{{size}}-{{resize}}.log",
    wildcard_constraints:
        tested=one_of(set(TESTED_BY.values())),
    threads: ALL_CORES
    params:
        *code("perturbed"),
        how=lambda wildcards: perturbing(wildcards.tested),
    script:
        "../scripts/perturbed.py"
