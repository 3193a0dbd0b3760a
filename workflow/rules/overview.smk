"""The figures of the whole collection: the shortcut audit, and the variants side by side."""

COMPARED = [
    figure_registry.of_collection(file) for file in ("audit.png", "arms.png", "comparisons.png", "robustness.png")
]


rule collection_figures:
    input:
        audit=f"{RESULTS}/audit.json",
        arms=f"{RESULTS}/arms.json",
        comparisons=f"{RESULTS}/comparisons.json",
        rates=expand(f"{VARIANT}/robustness.parquet", variant=CONFIG.variants),
    output:
        [shown(figure) for figure in COMPARED],
    log:
        f"{LOGS}/collection_figures.log",
    params:
        *code("figures"),
        **drawn(COMPARED),
        variants=list(CONFIG.variants),
    script:
        "../scripts/figures.py"
