"""The seal of a split and its arrays, which stops what is unchanged from being learned again."""

from brushprint.data import array_digests as seals

CATALOGUE = Path(RESULTS, "catalogue.parquet")
PIXELS_PARAMS = [*code("pixels"), *SEEN.values()]


def recall_arrays():
    """Have the arrays that the tables here were made into in their place, and those of other results aside."""
    tables = [*PERTURBED_FROM, *map(Path, expand(rules.split.output, split=COPIED))]
    found = cached_sha256(filter(Path.exists, tables), Path(f"{SCRATCH}/digests/tables.json"))
    if CATALOGUE not in found:
        return
    pixels = key([*PIXELS_PARAMS, found[CATALOGUE]])
    for of in SEALED.values():
        seals.recall_pixels(Path(PIXELS.format(**of)), made_from=pixels)
        (split,) = map(Path, expand(rules.split.output, **of))
        if split in found:
            seals.recall_pixels(Path(COPIES.format(**of)), made_from=key([*code("copies"), found[split], pixels]))
        if all(table in found for table in PERTURBED_FROM):
            of = {**of, "tested": TESTED_BY[of["split"]]}
            params = [*code("perturbed"), perturbing(of["tested"])]
            made_from = key([*params, *(found[table] for table in PERTURBED_FROM)])
            seals.recall_pixels(Path(PERTURBED.format(**of)), made_from=made_from)


if ALONE:
    recall_arrays()


def digests(wildcards):
    """The digest files of the arrays that a seal vouches for."""
    names = ["pixels", "copies"] if wildcards.split in COPIED else ["pixels"]
    return {name: expand(getattr(rules, name).output.digest, **wildcards)[0] for name in names}


# Snakemake reruns all that is downstream of a rerun job, even when its bytes came out the same. As a checkpoint the
# seal, which holds digests alone, makes it look at training again: the same seal as last time, and nothing is trained.
checkpoint seal:
    input:
        unpack(digests),
        split=f"{RESULTS}/splits/{{split}}.parquet",
    output:
        f"{RESULTS}/seals/{{split}}-{{size}}-{{resize}}.json",
    log:
        f"{LOGS}/seal-{{split}}-{{size}}-{{resize}}.log",
    localrule: True
    params:
        *code("seal"),
        # A run that was killed before this job, and then lost its scratch folder, must not hide a change of the pixels.
        pixels=PIXELS_PARAMS,
        copies=lambda wildcards: code("copies") if wildcards.split in COPIED else [],
    script:
        "../scripts/seal.py"
