"""Export results on request, for other programs and for people: ONNX files, the page, and the report as a PDF."""

from brushprint.page import npm

DEMO = f"{EXPORTS}/demo"
RUNTIME = npm.locked(Path(workflow.basedir, "demo/package-lock.json"), "onnxruntime-web")
PAGE = [
    *("index.html", "style.css", "icon.svg"),
    *("app.js", "answer.js", "ask.js", "cards.js", "dom.js", "where.js"),
    *("worker.js", "guarded.js", "occlusion.js", "picture.js", "resample.js"),
]


rule export:
    input:
        unpack(sealed_pixels),
        unpack(trained),
        predictions=f"{VARIANT}/predictions.parquet",
        metrics=f"{VARIANT}/metrics.json",
    output:
        model=f"{EXPORTS}/onnx/{{variant}}.onnx",
        half=f"{EXPORTS}/onnx/{{variant}}-fp16.onnx",
        # The models may be too large for Snakemake to compare by content. The digests in this file trigger
        # reruns instead.
        cost=f"{EXPORTS}/onnx/{{variant}}.json",
    log:
        f"{LOGS}/export-{{variant}}.log",
    params:
        *code("export"),
        # Torch's exporter loads these packages by name.
        exporter=SCRIPTS.added("export", "onnx_ir", "onnxscript"),
        network=network_code("export"),
        harmonise=PLAN.harmonise,
        seed=lambda wildcards: PLAN.seed_of(f"{wildcards.variant} export"),
    script:
        "../scripts/export.py"


rule fetch_onnxruntime:
    output:
        f"data/npm/{RUNTIME.name}-{RUNTIME.version}.tgz",
    log:
        f"{LOGS}/fetch_onnxruntime.log",
    localrule: True
    params:
        *code("fetch_onnxruntime"),
        package=RUNTIME._asdict(),
    script:
        "../scripts/fetch_onnxruntime.py"


rule demo:
    input:
        COLLECTION,
        runtime=rules.fetch_onnxruntime.output[0],
        page=expand("demo/{file}", file=PAGE),
        catalogue=rules.catalogue.output.catalogue,
        splits=expand(rules.split.output, split=PLAN.reported_splits),
        models=ancient(expand(rules.export.output.half, variant=PLAN.names)),
        models_cost=expand(rules.export.output.cost, variant=PLAN.names),
        metrics=of_each("metrics.json"),
        cards=rules.cards.output.summary,
        recommended=rules.recommend.output[0],
    output:
        page=expand(f"{DEMO}/{{file}}", file=PAGE),
        about=f"{DEMO}/models.json",
        models=expand(f"{DEMO}/models/{{variant}}.onnx", variant=PLAN.names),
        gallery=expand(f"{DEMO}/gallery/{{number}}", number=range(1, 13)),
        runtime=expand(
            f"{DEMO}/vendor/{{file}}",
            file=[
                *("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"),
                *("ort.webgpu.min.mjs", "ort-wasm-simd-threaded.asyncify.mjs", "ort-wasm-simd-threaded.asyncify.wasm"),
            ],
        ),
    log:
        f"{LOGS}/demo.log",
    params:
        *code("demo"),
        **OPENED,
        **as_written(title=CONFIG.collection.title),
        synthetic=PLAN.synthetic,
        variants=PLAN.names,
        seed=PLAN.seed_of("gallery"),
    script:
        "../scripts/demo.py"


# This rule needs a browser.
rule pdf:
    input:
        rules.report.output,
    output:
        f"{EXPORTS}/report.pdf",
    log:
        f"{LOGS}/pdf.log",
    params:
        *code("pdf"),
    script:
        "../scripts/pdf.py"
