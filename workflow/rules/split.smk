"""Which pictures train, validate and test."""


rule split:
    input:
        catalogue=f"{RESULTS}/catalogue.parquet",
        groups=f"{RESULTS}/groups.parquet",
    output:
        f"{RESULTS}/splits/{{split}}.parquet",
    log:
        f"{LOGS}/split-{{split}}.log",
    localrule: True
    params:
        *code("split"),
        split=lambda wildcards: TRAINED.splits[wildcards.split].model_dump(),
        capped=CONFIG.budget.images is not None,
        test_seed=seed_of("test"),
        # An arm draws as the split does that it comes from.
        seed=lambda wildcards: seed_of(wildcards.split.partition("+")[0]),
    script:
        "../scripts/split.py"
