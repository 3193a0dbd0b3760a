"""A network learns from the training pictures; validation pictures choose the epoch. Test pictures have no part in it."""


rule train:
    input:
        unpack(sealed_to_learn),
    output:
        model=f"{VARIANT}/model.safetensors",
        digest=f"{VARIANT}/model.sha256",
        history=f"{VARIANT}/history.csv",
    log:
        f"{LOGS}/train-{{variant}}.log",
    benchmark:
        f"{LOGS}/train-{{variant}}.benchmark.tsv"
    # The longest jobs first: what is made of one network fills the core that waits for another.
    priority: 1
    resources:
        **GPU,
    params:
        *code("train"),
        network=network_code("train"),
        task=lambda wildcards: TRAINED.variants[wildcards.variant].task,
        recipe=recipe,
        seed=lambda wildcards: seed_of(wildcards.variant),
        device=CONFIG.device,
        checkpoint=f"{SCRATCH}/checkpoints/{{variant}}.pt",
    script:
        "../scripts/train.py"
