"""What is trained again: with other seeds, and without each generator, which then tests as one that is unseen."""

ARMS = [name for name in TRAINED.variants if name not in CONFIG.variants]
ARMED = sorted({name.partition("+")[0] for name in ARMS})


def arm(name):
    """How an arm differs from the variant that it comes from: by its seed, or without a generator."""
    parent, _, change = name.partition("+")
    kind, _, value = change.partition("-")
    return {
        "parent": parent,
        "seed": int(value) if kind == "seed" else None,
        "without": value if kind == "without" else None,
    }


rule arms:
    input:
        predictions=expand(f"{VARIANT}/predictions.parquet", variant=[*ARMED, *ARMS]),
        thresholds=expand(f"{VARIANT}/thresholds.json", variant=[*ARMED, *ARMS]),
    output:
        f"{RESULTS}/arms.json",
    log:
        f"{LOGS}/arms.log",
    params:
        *code("arms"),
        variants=[*ARMED, *ARMS],
        arms={name: arm(name) for name in ARMS},
        seed=seed_of("arms"),
    script:
        "../scripts/arms.py"
