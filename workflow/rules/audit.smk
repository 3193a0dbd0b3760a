"""What gives the origin of pictures away beside the art, and which pictures are nearly the same."""

# The shortcut features of the files as they came and, where pictures are harmonised, of the harmonised files.
STATES = ["raw", "harmonised"] if HARMONISE else ["raw"]


rule shortcut_features:
    input:
        PICTURES["input"],
        catalogue=f"{RESULTS}/catalogue.parquet",
    output:
        f"{RESULTS}/cues-{{state}}.parquet",
    log:
        f"{LOGS}/shortcut_features-{{state}}.log",
    wildcard_constraints:
        state=one_of(STATES),
    threads: ALL_CORES
    params:
        *code("shortcut_features"),
        **PICTURES["params"],
        harmonise=lambda wildcards: HARMONISE if wildcards.state == "harmonised" else None,
    script:
        "../scripts/shortcut_features.py"


rule near_duplicates:
    input:
        PICTURES["input"],
        catalogue=f"{RESULTS}/catalogue.parquet",
        features=f"{RESULTS}/cues-raw.parquet",
    output:
        pairs=f"{RESULTS}/duplicates.parquet",
        groups=f"{RESULTS}/groups.parquet",
    log:
        f"{LOGS}/near_duplicates.log",
    threads: ALL_CORES
    params:
        *code("near_duplicates"),
        **PICTURES["params"],
    script:
        "../scripts/near_duplicates.py"


rule shortcut_audit:
    input:
        cues=expand(rules.shortcut_features.output, state=STATES),
        catalogue=f"{RESULTS}/catalogue.parquet",
        groups=f"{RESULTS}/groups.parquet",
    output:
        f"{RESULTS}/audit.json",
    log:
        f"{LOGS}/shortcut_audit.log",
    # Before training: who sees what it finds may want to stop here.
    priority: 2
    params:
        *code("shortcut_audit"),
        **CONFIG.audit.model_dump(),
        states=STATES,
        seed=seed_of("audit"),
    script:
        "../scripts/shortcut_audit.py"


rule leaks:
    input:
        splits=expand(f"{RESULTS}/splits/{{split}}.parquet", split=SPLITS),
        pairs=f"{RESULTS}/duplicates.parquet",
    output:
        f"{RESULTS}/leaks.json",
    log:
        f"{LOGS}/leaks.log",
    localrule: True
    params:
        *code("leaks"),
        splits=SPLITS,
    script:
        "../scripts/leaks.py"
