"""The figures of a variant, drawn from what the stages before measured."""

FIGURES = [
    "curves.png",
    "confusion.png",
    "roc.png",
    "components.png",
    "clusters-2d.png",
    "clusters-full.png",
    "gradcam-2d-misclassified.jpg",
    "gradcam-2d-correct.jpg",
    "gradcam-full-misclassified.jpg",
    "gradcam-full-correct.jpg",
]


rule figures:
    input:
        seal=seal_of,
        history=f"{VARIANT}/history.csv",
        metrics=f"{VARIANT}/metrics.json",
        roc=f"{VARIANT}/roc.csv",
        points=f"{VARIANT}/latent.parquet",
        summary=f"{VARIANT}/latent.json",
        heatmaps=f"{VARIANT}/heatmaps.npz",
    output:
        expand(f"{VARIANT}/figures/{{figure}}", figure=FIGURES, allow_missing=True),
    log:
        f"{LOGS}/figures-{{variant}}.log",
    benchmark:
        f"{LOGS}/figures-{{variant}}.benchmark.tsv"
    params:
        *code("figures"),
    script:
        "../scripts/figures.py"
