"""Trained networks for programs without torch: ONNX, made only when asked for."""


rule export:
    input:
        unpack(sealed_pixels),
        unpack(trained),
        predictions=f"{VARIANT}/predictions.parquet",
        metrics=f"{VARIANT}/metrics.json",
    output:
        model=f"{EXPORTS}/onnx/{{variant}}.onnx",
        half=f"{EXPORTS}/onnx/{{variant}}-fp16.onnx",
        # Its digests stand for files that may be larger than what Snakemake checks by its content.
        cost=f"{EXPORTS}/onnx/{{variant}}.json",
    log:
        f"{LOGS}/export-{{variant}}.log",
    params:
        *code("export"),
        # Torch's exporter uses them unseen.
        exporter=added_code("export", "onnx_ir", "onnxscript"),
        network=network_code("export"),
        harmonise=HARMONISE,
        seed=lambda wildcards: seed_of(f"{wildcards.variant} export"),
    script:
        "../scripts/export.py"
