"""Give each picture a row, measure properties of its file that may reveal its origin, and detect near duplicates."""


rule catalogue:
    input:
        COLLECTION,
    output:
        catalogue=f"{RESULTS}/catalogue.parquet",
        rejected=f"{RESULTS}/rejected.parquet",
        ignored=f"{RESULTS}/ignored.parquet",
        unusable=f"{RESULTS}/unusable.json",
    log:
        f"{LOGS}/catalogue.log",
    threads: ALL_CORES
    params:
        *code("catalogue"),
        **OPENED,
        **as_written(**PICTURES.labels),
        labels=[rule.model_dump(exclude={"released"}) for rule in CONFIG.collection.labels],
        images=CONFIG.budget.images,
        max_rejected=CONFIG.collection.max_rejected,
        seed=PLAN.seed_of("catalogue"),
        setting="collection.source",
    script:
        "../scripts/catalogue.py"


rule shortcut_features:
    input:
        COLLECTION,
        catalogue=rules.catalogue.output.catalogue,
    output:
        f"{RESULTS}/shortcut-features-{{state}}.parquet",
    log:
        f"{LOGS}/shortcut_features-{{state}}.log",
    wildcard_constraints:
        state=one_of(PLAN.states),
    priority: 3
    threads: ALL_CORES
    params:
        *code("shortcut_features"),
        **OPENED,
        harmonise=lambda wildcards: PLAN.harmonise if wildcards.state == "harmonised" else None,
    script:
        "../scripts/shortcut_features.py"


rule near_duplicates:
    input:
        COLLECTION,
        catalogue=rules.catalogue.output.catalogue,
        features=f"{RESULTS}/shortcut-features-raw.parquet",
    output:
        pairs=f"{RESULTS}/duplicates.parquet",
        groups=f"{RESULTS}/groups.parquet",
    log:
        f"{LOGS}/near_duplicates.log",
    priority: 3
    threads: ALL_CORES
    params:
        *code("near_duplicates"),
        **OPENED,
    script:
        "../scripts/near_duplicates.py"


rule shortcut_audit:
    input:
        features=expand(rules.shortcut_features.output, state=PLAN.states),
        catalogue=rules.catalogue.output.catalogue,
        unusable=rules.catalogue.output.unusable,
        groups=rules.near_duplicates.output.groups,
    output:
        f"{RESULTS}/audit.json",
    log:
        f"{LOGS}/shortcut_audit.log",
    # The audit runs before training, because a person who reads its warnings may want to stop the run.
    priority: 2
    params:
        *code("shortcut_audit"),
        **CONFIG.audit.model_dump(),
        states=PLAN.states,
        seed=PLAN.seed_of("audit"),
    script:
        "../scripts/shortcut_audit.py"


rule examples:
    input:
        COLLECTION,
        catalogue=rules.catalogue.output.catalogue,
    output:
        shown(figures.of_collection("examples.jpg")),
    log:
        f"{LOGS}/examples.log",
    params:
        *code("figures"),
        **drawn([figures.of_collection("examples.jpg")]),
        **as_written(**SEEN),
    script:
        "../scripts/figures.py"
