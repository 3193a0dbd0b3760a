"""One page that says it all."""

SPLITS = sorted({variant.split for variant in CONFIG.variants.values()})


rule report:
    input:
        catalogue=RESULTS + "/catalogue.parquet",
        rejected=RESULTS + "/rejected.parquet",
        examples=RESULTS + "/examples.png",
        splits=expand(RESULTS + "/splits/{split}.parquet", split=SPLITS),
        metrics=expand(VARIANT + "/metrics.json", variant=CONFIG.variants),
        latent=expand(VARIANT + "/latent.json", variant=CONFIG.variants),
        figures=expand(VARIANT + "/figures/{figure}.png", variant=CONFIG.variants, figure=FIGURES),
    output:
        RESULTS + "/report/index.html",
    params:
        *code("report"),
        template=provenance.content_digest(
            Path(workflow.basedir, "src/brushprint/report.html.jinja"), Path("scratch/digests.json")
        ),
        title=CONFIG.collection.title,
        synthetic=CONFIG.collection.kind == "sample",
        budget=CONFIG.budget.model_dump(),
        splits=SPLITS,
        variants={
            name: variant.model_dump() | {"recipe": CONFIG.recipe(name).model_dump()}
            for name, variant in CONFIG.variants.items()
        },
        packages=[value for value in code("train") + code("figures") if "." in value.split("@")[1]],
    log:
        LOGS + "/report.log",
    benchmark:
        LOGS + "/report.benchmark.tsv"
    script:
        "../scripts/report.py"
