"""Draw the splits, and turn the pictures into the arrays that networks see; a seal holds the digests of both."""

PIXELS = f"{SCRATCH}/pixels-{{size}}-{{resize}}.npy"
COPIES = f"{SCRATCH}/copies-{{split}}-{{size}}-{{resize}}.npy"
CORRUPTED = f"{SCRATCH}/corrupted-{{tested}}-{{size}}-{{resize}}.npy"
ENCODED = f"{SCRATCH}/encoded-{{encoder}}.npy"
ENCODED_CORRUPTED = f"{SCRATCH}/encoded-corrupted-{{tested}}-{{encoder}}.npy"


rule split:
    input:
        catalogue=rules.catalogue.output.catalogue,
        groups=rules.near_duplicates.output.groups,
    output:
        f"{RESULTS}/splits/{{split}}.parquet",
    log:
        f"{LOGS}/split-{{split}}.log",
    priority: 4
    localrule: True
    params:
        *code("split"),
        split=lambda wildcards: PLAN.splits[wildcards.split].settings.model_dump(),
        capped=CONFIG.budget.images is not None,
        test_seed=PLAN.seed_of("test"),
        seed=lambda wildcards: PLAN.splits[wildcards.split].seed,
    script:
        "../scripts/split.py"


rule leaks:
    input:
        splits=expand(rules.split.output, split=PLAN.reported_splits),
        pairs=rules.near_duplicates.output.pairs,
    output:
        f"{RESULTS}/leaks.json",
    log:
        f"{LOGS}/leaks.log",
    # A person who reads that there are too few pictures may want to stop the run before anything is trained.
    priority: 4
    localrule: True
    params:
        *code("leaks"),
        splits=PLAN.reported_splits,
        cross_validated=PLAN.cross_validated,
        false_alarm_rate=CONFIG.false_alarm_rate,
    script:
        "../scripts/leaks.py"


rule pixels:
    input:
        COLLECTION,
        catalogue=rules.catalogue.output.catalogue,
    output:
        pixels=PIXELS,
        digest=PIXELS.replace(".npy", ".json"),
    log:
        f"{LOGS}/pixels-{{size}}-{{resize}}.log",
    # A job that needs all cores starts only while no other job runs. Such jobs therefore go before all others.
    priority: 3
    threads: ALL_CORES
    params:
        *code("pixels"),
        **as_written(**PICTURES.params),
        harmonise=lambda wildcards: PLAN.harmonise_of(wildcards.resize),
    script:
        "../scripts/pixels.py"


rule oversample:
    input:
        split=f"{RESULTS}/splits/{{split}}.parquet",
        pixels=ancient(PIXELS),
        digest=rules.pixels.output.digest,
    output:
        copies=COPIES,
        digest=COPIES.replace(".npy", ".json"),
    log:
        f"{LOGS}/oversample-{{split}}-{{size}}-{{resize}}.log",
    priority: 3
    threads: ALL_CORES
    params:
        *code("oversample"),
    script:
        "../scripts/oversample.py"


rule corrupt:
    input:
        COLLECTION,
        catalogue=rules.catalogue.output.catalogue,
        groups=rules.near_duplicates.output.groups,
        features=f"{RESULTS}/shortcut-features-raw.parquet",
    output:
        pixels=CORRUPTED,
        digest=CORRUPTED.replace(".npy", ".json"),
    log:
        f"{LOGS}/corrupt-{{tested}}-{{size}}-{{resize}}.log",
    wildcard_constraints:
        tested=one_of(PLAN.all_tested),
    priority: 3
    threads: ALL_CORES
    params:
        *code("corrupt"),
        **as_written(**SEEN),
        seed=PLAN.seed_of("robustness"),
        draw=lambda wildcards: PLAN.test_draw(wildcards.tested),
    script:
        "../scripts/corrupt.py"


def encoder_weights(wildcards):
    weights = PLAN.encoders[wildcards.encoder].weights
    return {"weights": ancient(f"data/weights/{weights}.safetensors"), **sealed_weights(weights)}


def read_by_encoder(rule):
    """An input function: the pictures that an encoder reads, made by `rule`, and their digest file."""

    def inputs(wildcards):
        array = PLAN.encoders[wildcards.encoder].array | dict(wildcards)
        pixels, digest = expand(getattr(rules, rule).output, **array)
        return {"pixels": ancient(pixels), "digest": digest}

    return inputs


def encoder_code(encoder):
    return SCRIPTS.added("encode", architectures.module_name(PLAN.encoders[encoder].recipe.architecture))


def encoding(encoder):
    """The code and settings that decide the features of pictures."""
    return [*code("encode"), encoder_code(encoder), PLAN.encoders[encoder].features, CONFIG.device]


rule encode:
    input:
        unpack(encoder_weights),
        unpack(read_by_encoder("pixels")),
    output:
        encoded=ENCODED,
        digest=ENCODED.replace(".npy", ".json"),
    log:
        f"{LOGS}/encode-{{encoder}}.log",
    priority: 3
    threads: ALL_CORES
    resources:
        **PLAN.gpu,
    params:
        *code("encode"),
        network=lambda wildcards: encoder_code(wildcards.encoder),
        encoder=lambda wildcards: PLAN.encoders[wildcards.encoder].features,
        device=CONFIG.device,
    script:
        "../scripts/encode.py"


use rule encode as encode_corrupted with:
    input:
        unpack(encoder_weights),
        unpack(read_by_encoder("corrupt")),
    output:
        encoded=ENCODED_CORRUPTED,
        digest=ENCODED_CORRUPTED.replace(".npy", ".json"),
    log:
        f"{LOGS}/encode_corrupted-{{tested}}-{{encoder}}.log",
    wildcard_constraints:
        tested=one_of(PLAN.all_tested),


def sealed_digests(wildcards):
    """The digest files of the arrays whose digests a seal holds, by the name of the array."""
    split, seen = wildcards.split, wildcards.seen
    arrays = {"pixels": expand(rules.pixels.output.digest, **PLAN.arrays[seen])}
    if split in PLAN.oversampled:
        arrays["copies"] = expand(rules.oversample.output.digest, split=split, **PLAN.arrays[seen])
    if seen in PLAN.encoders:
        arrays["encoded"] = expand(rules.encode.output.digest, encoder=seen)
    return {name: digest for name, (digest,) in arrays.items()}


# Snakemake reruns everything downstream of a job that ran again, even if its outputs have the same bytes as before.
# After a checkpoint, Snakemake plans the remaining jobs anew: if the seal is the same as last time, nothing is trained.
checkpoint seal:
    input:
        unpack(sealed_digests),
        split=f"{RESULTS}/splits/{{split}}.parquet",
    output:
        f"{RESULTS}/seals/{{split}}-{{seen}}.json",
    log:
        f"{LOGS}/seal-{{split}}-{{seen}}.log",
    localrule: True
    params:
        *code("seal"),
        # These params reveal a change of the arrays even if a run was killed before this job and its scratch folder was
        # deleted afterwards.
        pixels=lambda wildcards: [*code("pixels"), *seen_as(PLAN.arrays[wildcards.seen]["resize"]).values()],
        copies=lambda wildcards: code("oversample") if wildcards.split in PLAN.oversampled else [],
        encoded=lambda wildcards: encoding(wildcards.seen) if wildcards.seen in PLAN.encoders else [],
    script:
        "../scripts/seal.py"


if workflow.is_main_process and ALONE is not False:
    files = {"pixels": PIXELS, "copies": COPIES, "corrupted": CORRUPTED}
    files |= {"encoded": ENCODED, "encoded_corrupted": ENCODED_CORRUPTED}
    arrays.restore(PLAN, files, code, SEEN, encoding)
