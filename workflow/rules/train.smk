"""A network learns from the training pictures; validation pictures choose the epoch. Test pictures have no part in it."""

# Who trains and infers a network. Several nodes are tasks of one Slurm job that its script starts, as those of MPI.
PROCESSES = {"devices": CONFIG.devices, "nodes": CONFIG.nodes}
if CONFIG.nodes == 1:
    PROCESSES |= {name: CONFIG.devices for name in GPU}
else:
    PROCESSES |= {"tasks": TOGETHER, "mpi": "srun"}
    if GPU:
        # So many a node, all of which each of its tasks sees. The executor would take `tasks` for those of a GPU.
        PROCESSES |= {"gres": f"gpu:{CONFIG.devices}", "tasks_per_gpu": 0}
PROCESS_CORES = CONFIG.devices if CONFIG.nodes == 1 else 1


rule train:
    input:
        unpack(sealed_to_learn),
    output:
        model=f"{VARIANT}/model.safetensors",
        digest=f"{VARIANT}/model.sha256",
        history=f"{VARIANT}/history.csv",
    log:
        f"{LOGS}/train-{{variant}}.log",
    # The longest jobs first: what is made of one network fills the core that waits for another.
    priority: 1
    threads: PROCESS_CORES
    resources:
        **PROCESSES,
    params:
        *code("train"),
        network=network_code("train"),
        task=lambda wildcards: TRAINED.variants[wildcards.variant].task,
        recipe=recipe,
        seed=lambda wildcards: seed_of(wildcards.variant),
        device=CONFIG.device,
        # Sums of another number of processes differ in their last digits.
        processes=TOGETHER,
        checkpoint=f"{SCRATCH}/checkpoints/{{variant}}.pt",
    script:
        "../scripts/train.py"
