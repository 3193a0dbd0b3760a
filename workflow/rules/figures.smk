"""Draw the figures of each variant and of the whole collection from the files of earlier stages.

Each figure is declared by `@draws` above the function in `src/brushprint/figures/` that draws it.
"""

COMPARED = [figures.of_collection(file) for file in ("audit.png", "arms.png", "comparisons.png", "robustness.png")]
CORRUPTIONS = figures.of_collection("corruptions.jpg")
AUGMENTED = figures.of_collection("copies-{split}.jpg")


rule figures:
    input:
        unpack(seals),
        **{name: f"{VARIANT}/{file}" for name, file in figures.VARIANT_FILES.items()},
    output:
        [shown(figure) for figure in figures.VARIANT],
    log:
        f"{LOGS}/figures-{{variant}}.log",
    params:
        *code("figures"),
        **drawn(figures.VARIANT),
    script:
        "../scripts/figures.py"


rule collection_figures:
    input:
        audit=rules.shortcut_audit.output[0],
        arms=rules.arms.output[0],
        comparisons=rules.compare.output.comparisons,
        rates=of_each("robustness.parquet"),
    output:
        [shown(figure) for figure in COMPARED],
    log:
        f"{LOGS}/collection_figures.log",
    params:
        *code("figures"),
        **drawn(COMPARED),
        variants=PLAN.names,
    script:
        "../scripts/figures.py"


rule corrupted_examples:
    input:
        **corrupted_pixels(PLAN.largest()),
    output:
        shown(CORRUPTIONS),
    log:
        f"{LOGS}/corrupted_examples.log",
    params:
        *code("figures"),
        **drawn([CORRUPTIONS]),
        **as_written(corruption=corrupting(PLAN.largest())),
    script:
        "../scripts/figures.py"


def largest_arrays(wildcards):
    """The arrays that a split's variant with the largest input image sees, and their digest files."""
    pixels, digest = expand(rules.pixels.output, **PLAN.largest(wildcards.split).array)
    copies, copies_digest = expand(rules.oversample.output, **PLAN.largest(wildcards.split).array)
    return {"pixels": ancient(pixels), "digest": digest, "copies": ancient(copies), "copies_digest": copies_digest}


rule copies_examples:
    input:
        unpack(largest_arrays),
        split=f"{RESULTS}/splits/{{split}}.parquet",
    output:
        shown(AUGMENTED, split="{split}"),
    log:
        f"{LOGS}/copies_examples-{{split}}.log",
    params:
        *code("figures"),
        **drawn([AUGMENTED]),
        oversample=lambda wildcards: PLAN.splits[wildcards.split].settings.oversample.model_dump(),
    script:
        "../scripts/figures.py"
