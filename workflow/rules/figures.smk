"""The figures of a variant, drawn from what the stages before measured."""

FIGURES = [
    "curves",
    "confusion",
    "roc",
    "components",
    "clusters-2d",
    "clusters-full",
    "gradcam-misclassified",
    "gradcam-correct",
]


rule figures:
    input:
        history=VARIANT + "/history.csv",
        metrics=VARIANT + "/metrics.json",
        roc=VARIANT + "/roc.csv",
        points=VARIANT + "/latent.parquet",
        summary=VARIANT + "/latent.json",
        heatmaps=VARIANT + "/heatmaps.npz",
    output:
        expand(VARIANT + "/figures/{figure}.png", figure=FIGURES, allow_missing=True),
    params:
        *code("figures"),
    log:
        LOGS + "/figures-{variant}.log",
    benchmark:
        LOGS + "/figures-{variant}.benchmark.tsv"
    script:
        "../scripts/figures.py"
