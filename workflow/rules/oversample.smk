"""Augmented copies, made once, for the splits that have them."""

COPIED = [split for split in TRAINED_SPLITS if TRAINED.splits[split].oversample]
COPIES = f"{SCRATCH}/copies-{{split}}-{{size}}-{{resize}}.npy"


rule oversample:
    input:
        split=f"{RESULTS}/splits/{{split}}.parquet",
        pixels=ancient(PIXELS),
        digest=f"{SCRATCH}/pixels-{{size}}-{{resize}}.json",
    output:
        copies=COPIES,
        digest=f"{SCRATCH}/copies-{{split}}-{{size}}-{{resize}}.json",
    log:
        f"{LOGS}/oversample-{{split}}-{{size}}-{{resize}}.log",
    threads: ALL_CORES
    params:
        *code("oversample"),
    script:
        "../scripts/oversample.py"


def largest(wildcards):
    """The arrays of a split with the most pixels that a variant sees."""
    of = max((of for of in SEALED.values() if of["split"] == wildcards.split), key=lambda of: of["size"])
    pixels, digest = expand(rules.pixels.output, **of)
    copies, copies_digest = expand(rules.oversample.output, **of)
    return {"pixels": ancient(pixels), "digest": digest, "copies": ancient(copies), "copies_digest": copies_digest}


COPIES_FIGURE = figure_registry.of_collection("copies-{split}.jpg")


rule copies_examples:
    input:
        unpack(largest),
        split=f"{RESULTS}/splits/{{split}}.parquet",
    output:
        shown(COPIES_FIGURE, split="{split}"),
    log:
        f"{LOGS}/copies_examples-{{split}}.log",
    params:
        *code("figures"),
        **drawn([COPIES_FIGURE]),
        oversample=lambda wildcards: TRAINED.splits[wildcards.split].oversample.model_dump(),
    script:
        "../scripts/figures.py"
