"""The figures of a variant, drawn from what the stages before measured."""

# What `snakemake --report` calls each file; the first word of its name is that of its text in workflow/report/.
FIGURES = {
    "curves.png": {"figure": "Learning curves"},
    "confusion.png": {"figure": "Confusion matrix"},
    "roc.png": {"figure": "ROC curve"},
    "components.png": {"figure": "Components"},
    "scree.png": {"figure": "Explained variance"},
    "clusters-2d.png": {"figure": "Clusters", "space": "2d"},
    "clusters-full.png": {"figure": "Clusters", "space": "full"},
    "quality.png": {"figure": "Clusters beside chance"},
    "embedding.png": {"figure": "Map of the penultimate layer"},
    "prototypes.jpg": {"figure": "Prototypes"},
    "gradcam-2d-misclassified.jpg": {"figure": "Grad-CAM", "space": "2d", "outcome": "misclassified"},
    "gradcam-2d-correct.jpg": {"figure": "Grad-CAM", "space": "2d", "outcome": "correct"},
    "gradcam-full-misclassified.jpg": {"figure": "Grad-CAM", "space": "full", "outcome": "misclassified"},
    "gradcam-full-correct.jpg": {"figure": "Grad-CAM", "space": "full", "outcome": "correct"},
    "panel-correct.jpg": {"figure": "Panel", "shown": "correct"},
    "panel-misclassified.jpg": {"figure": "Panel", "shown": "misclassified"},
    "panel-confident-errors.jpg": {"figure": "Panel", "shown": "most confident errors"},
    "regions.png": {"figure": "Where the heat lies"},
    "mean-maps.png": {"figure": "Mean heatmaps"},
    "reliability.png": {"figure": "Does its confidence hold?"},
    "detection.png": {"figure": "Human or AI"},
    "styles.png": {"figure": "By style and source"},
    "robustness.png": {"figure": "Changed pictures"},
    "faithfulness.png": {"figure": "Are the maps honest?"},
}


rule figures:
    input:
        unpack(seals_of),
        history=f"{VARIANT}/history.csv",
        metrics=f"{VARIANT}/metrics.json",
        roc=f"{VARIANT}/roc.csv",
        points=f"{VARIANT}/latent.parquet",
        summary=f"{VARIANT}/latent.json",
        embedding=f"{VARIANT}/embedding.parquet",
        embedding_summary=f"{VARIANT}/embedding.json",
        prototypes=f"{VARIANT}/prototypes.parquet",
        prototype_pictures=f"{VARIANT}/prototypes.npz",
        heatmaps=f"{VARIANT}/heatmaps.npz",
        effects=f"{VARIANT}/region-effects.parquet",
        maps=f"{VARIANT}/mean-maps.parquet",
        faithfulness=f"{VARIANT}/faithfulness.json",
        detection=f"{VARIANT}/detection.csv",
        styles=f"{VARIANT}/styles.csv",
        rates=f"{VARIANT}/robustness.parquet",
    output:
        [
            report(
                f"{VARIANT}/figures/{file}",
                caption=f"../report/{Path(file).stem.split('-')[0]}.rst",
                category="{variant}",
                labels=labels,
            )
            for file, labels in FIGURES.items()
        ],
    log:
        f"{LOGS}/figures-{{variant}}.log",
    params:
        *code("figures"),
    script:
        "../scripts/figures.py"
