"""What is trained again: with other seeds, and without each generator, which then tests as one that is unseen."""

ARMS = [name for name in TRAINED.variants if name not in CONFIG.variants]
ARMED = sorted({name.partition("+")[0] for name in ARMS})


rule arms:
    input:
        predictions=expand(f"{VARIANT}/predictions.parquet", variant=[*ARMED, *ARMS]),
        splits=expand(f"{RESULTS}/splits/{{split}}.parquet", split=SPLITS),
    output:
        f"{RESULTS}/arms.json",
    log:
        f"{LOGS}/arms.log",
    params:
        *code("arms"),
        variants={name: TRAINED.variants[name].model_dump(include={"task", "split"}) for name in [*ARMED, *ARMS]},
        splits=SPLITS,
        seed=seed_of("arms"),
    script:
        "../scripts/arms.py"
