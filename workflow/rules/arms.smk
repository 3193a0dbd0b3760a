"""What is trained again: with other seeds, and without each generator, which then tests as one that is unseen."""

ARMS = [name for name in TRAINED.variants if name not in CONFIG.variants]
ARMED = sorted({name.partition("+")[0] for name in ARMS})


def arm(name):
    """The variant that an arm comes from, and the generator that it leaves out; None: it differs by its seed."""
    parent, _, change = name.partition("+")
    return {"parent": parent, "without": change.removeprefix("without-") if change.startswith("without-") else None}


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
