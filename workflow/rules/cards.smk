"""What a reader should know before trusting a variant."""


rule cards:
    input:
        external=EXTERNAL_METRICS,
        audit=f"{RESULTS}/audit.json",
        arms=f"{RESULTS}/arms.json",
        splits=expand(f"{RESULTS}/splits/{{split}}.parquet", split=SPLITS),
        metrics=expand(f"{VARIANT}/metrics.json", variant=CONFIG.variants),
        styles=expand(f"{VARIANT}/styles.csv", variant=CONFIG.variants),
        rates=expand(f"{VARIANT}/robustness.parquet", variant=CONFIG.variants),
    output:
        summary=f"{RESULTS}/cards.json",
        cards=expand(f"{VARIANT}/card.md", variant=CONFIG.variants),
    log:
        f"{LOGS}/cards.log",
    localrule: True
    params:
        *code("cards"),
        title=CONFIG.collection.title,
        synthetic=SYNTHETIC,
        splits=SPLITS,
        variants={
            name: {**variant.model_dump(include={"task", "split"}), "recipe": CONFIG.recipe(name).model_dump()}
            for name, variant in CONFIG.variants.items()
        },
        external=CONFIG.external and CONFIG.external.title,
    script:
        "../scripts/cards.py"
