"""What can be told from how the pictures were made and saved alone, and which of them are nearly the same."""

# The cues of the files as they came and, where they are harmonised, of what becomes of them.
STATES = ["raw", "harmonised"] if HARMONISE else ["raw"]


rule cues:
    input:
        PICTURES["input"],
        catalogue=f"{RESULTS}/catalogue.parquet",
    output:
        f"{RESULTS}/cues-{{state}}.parquet",
    log:
        f"{LOGS}/cues-{{state}}.log",
    wildcard_constraints:
        state=one_of(STATES),
    threads: ALL_CORES
    params:
        *code("cues"),
        **PICTURES["params"],
        harmonise=lambda wildcards: HARMONISE if wildcards.state == "harmonised" else None,
    script:
        "../scripts/cues.py"


rule duplicates:
    input:
        PICTURES["input"],
        catalogue=f"{RESULTS}/catalogue.parquet",
        cues=f"{RESULTS}/cues-raw.parquet",
    output:
        pairs=f"{RESULTS}/duplicates.parquet",
        groups=f"{RESULTS}/groups.parquet",
    log:
        f"{LOGS}/duplicates.log",
    threads: ALL_CORES
    params:
        *code("duplicates"),
        **PICTURES["params"],
    script:
        "../scripts/duplicates.py"


rule shortcut_audit:
    input:
        cues=expand(rules.cues.output, state=STATES),
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
