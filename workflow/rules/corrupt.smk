"""Test pictures under corruptions: the small changes that pictures meet in the world."""

# The pictures that test, by what decides them: those of splits that are drawn alike are the same.
TESTED_BY = {
    name: f"{'published' if split.published else 'drawn'}-{split.test:g}" for name, split in TRAINED.splits.items()
}
CORRUPTED = f"{SCRATCH}/corrupted-{{tested}}-{{size}}-{{resize}}.npy"
CORRUPTED_FROM = [Path(RESULTS, f"{table}.parquet") for table in ("catalogue", "groups", "cues-raw")]


CORRUPTED_PARAMS = {**SEEN, "seed": seed_of("robustness")}


def test_draw(tested):
    """The params that decide which test pictures are corrupted."""
    kind, _, share = tested.partition("-")
    return {
        "pictures": CONFIG.robustness.pictures,
        "published": kind == "published",
        "test": float(share),
        "test_seed": seed_of("test"),
    }


def corrupt_params(tested):
    """All params of the rule `corrupt`, in their order."""
    return [*code("corrupt"), *CORRUPTED_PARAMS.values(), test_draw(tested)]


rule corrupt:
    input:
        PICTURES["input"],
        catalogue=f"{RESULTS}/catalogue.parquet",
        groups=f"{RESULTS}/groups.parquet",
        features=f"{RESULTS}/cues-raw.parquet",
    output:
        pixels=CORRUPTED,
        digest=f"{SCRATCH}/corrupted-{{tested}}-{{size}}-{{resize}}.json",
    log:
        f"{LOGS}/corrupt-{{tested}}-{{size}}-{{resize}}.log",
    wildcard_constraints:
        tested=one_of(set(TESTED_BY.values())),
    threads: ALL_CORES
    params:
        *code("corrupt"),
        **CORRUPTED_PARAMS,
        draw=lambda wildcards: test_draw(wildcards.tested),
    script:
        "../scripts/corrupt.py"
