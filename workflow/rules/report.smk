"""One page that says it all."""

SPLITS = sorted({variant.split for variant in CONFIG.variants.values()})


rule report:
    input:
        catalogue=f"{RESULTS}/catalogue.parquet",
        rejected=f"{RESULTS}/rejected.parquet",
        examples=f"{RESULTS}/examples.jpg",
        splits=expand(f"{RESULTS}/splits/{{split}}.parquet", split=SPLITS),
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
        template=provenance.content_digest(
            Path(workflow.basedir, "src/brushprint/report.html.jinja"),
            Path("scratch/digests.json"),
        ),
        title=CONFIG.collection.title,
        synthetic=CONFIG.collection.kind == "sample",
        budget=CONFIG.budget.model_dump(),
        settings={
            "pictures": Path(ARCHIVE).name if LOCAL else CONFIG.collection.source,
            "digest": PICTURES["params"]["digest"],
            **CONFIG.model_dump(include={"seed", "device", "latent", "explain"}),
            "splits": {name: CONFIG.splits[name].model_dump() for name in SPLITS},
        },
        splits=SPLITS,
        variants={
            name: variant.model_dump() | {"recipe": CONFIG.recipe(name).model_dump()}
            for name, variant in CONFIG.variants.items()
        },
        packages=all_packages(),
    script:
        "../scripts/report.py"
