"""A network learns from the training pictures; validation pictures choose the epoch. Test pictures are not read."""


rule train:
    input:
        unpack(sealed),
    output:
        model=VARIANT + "/model.safetensors",
        history=VARIANT + "/history.csv",
    params:
        *code("train"),
        network=network_code("train"),
        task=lambda wildcards: CONFIG.variants[wildcards.variant].task,
        recipe=recipe,
        seed=CONFIG.seed,
        device=CONFIG.device,
        checkpoint=SCRATCH + "/checkpoints/{variant}.pt",
    log:
        LOGS + "/train-{variant}.log",
    benchmark:
        LOGS + "/train-{variant}.benchmark.tsv"
    script:
        "../scripts/train.py"
