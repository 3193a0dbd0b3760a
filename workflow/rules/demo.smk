"""A page that answers about one picture in the browser, for any web server; not made unless asked for."""

from brushprint.page import npm

DEMO = f"{EXPORTS}/demo"
RUNTIME = npm.locked(Path(workflow.basedir, "demo/package-lock.json"), "onnxruntime-web")
PAGE = [
    *("index.html", "style.css", "icon.svg"),
    *("app.js", "answer.js", "ask.js", "cards.js", "dom.js", "where.js"),
    *("worker.js", "guarded.js", "occlusion.js", "picture.js", "resample.js"),
]


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
        PICTURES["input"],
        runtime=rules.fetch_onnxruntime.output[0],
        page=expand("demo/{file}", file=PAGE),
        catalogue=f"{RESULTS}/catalogue.parquet",
        splits=expand(f"{RESULTS}/splits/{{split}}.parquet", split=SPLITS),
        models=ancient(expand(rules.export.output.half, variant=CONFIG.variants)),
        models_cost=expand(rules.export.output.cost, variant=CONFIG.variants),
        metrics=expand(f"{VARIANT}/metrics.json", variant=CONFIG.variants),
        cards=f"{RESULTS}/cards.json",
    output:
        page=expand(f"{DEMO}/{{file}}", file=PAGE),
        about=f"{DEMO}/models.json",
        models=expand(f"{DEMO}/models/{{variant}}.onnx", variant=CONFIG.variants),
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
        **PICTURES["params"],
        title=CONFIG.collection.title,
        synthetic=SYNTHETIC,
        variants=list(CONFIG.variants),
        seed=seed_of("gallery"),
    script:
        "../scripts/demo.py"
