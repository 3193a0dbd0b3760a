"""Show where a network looks: heatmaps by two methods, the regions that they mark, and tests of their faithfulness."""


rule faces:
    input:
        COLLECTION,
        catalogue=rules.catalogue.output.catalogue,
    output:
        f"{RESULTS}/faces.parquet",
    log:
        f"{LOGS}/faces.log",
    priority: 3
    threads: ALL_CORES
    params:
        *code("faces"),
        **as_written(**SEEN),
        published=all(PLAN.splits[split].settings.published for split in PLAN.reported_splits),
    script:
        "../scripts/faces.py"


rule explain:
    input:
        unpack(sealed_pixels),
        unpack(trained),
        predictions=f"{VARIANT}/predictions.parquet",
        points=rules.latent.output.points,
    output:
        heatmaps=f"{VARIANT}/heatmaps.npz",
        numbers=f"{VARIANT}/heatmaps.parquet",
        summary=f"{VARIANT}/heatmaps.json",
    log:
        f"{LOGS}/explain-{{variant}}.log",
    resources:
        **PLAN.gpu,
    params:
        *code("explain"),
        **CONFIG.explain.model_dump(include={"pictures", "panel", "occlusion"}),
        network=network_code("explain"),
        seed=lambda wildcards: variant(wildcards).seed,
        device=CONFIG.device,
    script:
        "../scripts/explain.py"


rule regions:
    input:
        unpack(sealed_pixels),
        unpack(trained),
        predictions=f"{VARIANT}/predictions.parquet",
        points=rules.latent.output.points,
        faces=rules.faces.output[0],
    output:
        shares=f"{VARIANT}/regions.parquet",
        effects=f"{VARIANT}/region-effects.parquet",
        maps=f"{VARIANT}/mean-maps.parquet",
        curves=f"{VARIANT}/faithfulness.parquet",
        faithfulness=f"{VARIANT}/faithfulness.json",
    log:
        f"{LOGS}/regions-{{variant}}.log",
    resources:
        **PLAN.gpu,
    params:
        *code("regions"),
        network=network_code("regions"),
        random_networks=CONFIG.explain.random_networks,
        seed=lambda wildcards: PLAN.seed_of(f"{wildcards.variant} random networks"),
        checked=CONFIG.explain.faithfulness_pictures,
        checking_seed=lambda wildcards: PLAN.seed_of(f"{wildcards.variant} faithfulness"),
        device=CONFIG.device,
    script:
        "../scripts/regions.py"
