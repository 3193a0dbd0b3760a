"""One page that says it all."""

SPLITS = sorted({variant.split for variant in CONFIG.variants.values()})


rule report:
    input:
        catalogue=f"{RESULTS}/catalogue.parquet",
        rejected=f"{RESULTS}/rejected.parquet",
        examples=f"{RESULTS}/examples.jpg",
        splits=expand(f"{RESULTS}/splits/{{split}}.parquet", split=SPLITS),
        provenance=expand(f"{VARIANT}/provenance.json", variant=CONFIG.variants),
        metrics=expand(f"{VARIANT}/metrics.json", variant=CONFIG.variants),
        latent=expand(f"{VARIANT}/latent.json", variant=CONFIG.variants),
        figures=expand(
            f"{VARIANT}/figures/{{figure}}",
            variant=CONFIG.variants,
            figure=FIGURES,
        ),
    output:
        f"{RESULTS}/report/index.html",
    log:
        f"{LOGS}/report.log",
    benchmark:
        f"{LOGS}/report.benchmark.tsv"
    params:
        *code("report"),
        template=sha256(Path(workflow.basedir, "src/brushprint/report.html.jinja")),
        title=CONFIG.collection.title,
        synthetic=SYNTHETIC,
        budget=CONFIG.budget.model_dump(),
        splits=SPLITS,
        variants=list(CONFIG.variants),
    script:
        "../scripts/report.py"
