"""One page that says it all."""

from brushprint.figures.declaration import CollectionGroup
from brushprint.workflow import runs

# `config` is what the texts of `snakemake --report`, in workflow/report/, can read beside the job.
if workflow.is_main_process:
    config["report"] = {
        "title": CONFIG.collection.title,
        "note": "**Synthetic sample**, drawn by brushprint: about the software, not about art." if SYNTHETIC else "",
        "page": f"{RESULTS}/report/index.html",
        "runs": runs.table(Path(LOGS)),
    }


# As text: Snakemake would take a file that is flagged for `snakemake --report` for one of this rule.
COLLECTION_FIGURES = [
    *map(str, [*rules.examples.output, *rules.collection_figures.output, *rules.perturbed_examples.output]),
    *expand(map(str, rules.copies_examples.output), split=[split for split in COPIED if split in SPLITS]),
]
TRUST_FIGURES = [
    figure
    for figure in figure_registry.COLLECTION
    if figure.group is CollectionGroup.TRUST and (CONFIG.robustness.picked or figure.file != "picked.png")
]


rule report:
    input:
        catalogue=f"{RESULTS}/catalogue.parquet",
        rejected=f"{RESULTS}/rejected.parquet",
        splits=expand(f"{RESULTS}/splits/{{split}}.parquet", split=SPLITS),
        provenance=expand(f"{VARIANT}/provenance.json", variant=CONFIG.variants),
        claims=f"{RESULTS}/claims.json",
        mistakes=f"{RESULTS}/mistakes.parquet",
        audit=f"{RESULTS}/audit.json",
        leaks=f"{RESULTS}/leaks.json",
        arms=f"{RESULTS}/arms.json",
        comparisons=f"{RESULTS}/comparisons.json",
        cards=f"{RESULTS}/cards.json",
        collection_figures=COLLECTION_FIGURES,
        external=EXTERNAL_METRICS,
        picked=PICKED_FILES,
        metrics=expand(f"{VARIANT}/metrics.json", variant=CONFIG.variants),
        latent=expand(f"{VARIANT}/latent.json", variant=CONFIG.variants),
        effects=expand(f"{VARIANT}/region-effects.parquet", variant=CONFIG.variants),
        faithfulness=expand(f"{VARIANT}/faithfulness.json", variant=CONFIG.variants),
        heatmaps=expand(f"{VARIANT}/heatmaps.json", variant=CONFIG.variants),
        embedding=expand(f"{VARIANT}/embedding.json", variant=CONFIG.variants),
        figures=expand(map(str, rules.figures.output), variant=CONFIG.variants),
    output:
        f"{RESULTS}/report/index.html",
    log:
        f"{LOGS}/report.log",
    params:
        *code("report"),
        templates={
            file.name: sha256(file)
            for file in sorted(Path(workflow.basedir, "src/brushprint/report/templates").glob("[!.]*"))
        },
        title=CONFIG.collection.title,
        synthetic=SYNTHETIC,
        budget=CONFIG.budget.model_dump(),
        from_scratch=FROM_SCRATCH,
        splits=SPLITS,
        copied=[split for split in COPIED if split in SPLITS],
        figures={
            "examples": EXAMPLES.text,
            "copies": COPIES_FIGURE.text,
            "trust": [figure.text for figure in TRUST_FIGURES],
            "variant": [figure.text for figure in figure_registry.VARIANT],
        },
        variants=list(CONFIG.variants),
        external=CONFIG.external and CONFIG.external.title,
    script:
        "../scripts/report.py"
