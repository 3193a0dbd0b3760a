"""The seal of a split and its arrays, which stops what is unchanged from being learned again."""

from brushprint.data import array_digests

CATALOGUE = Path(RESULTS, "catalogue.parquet")
PIXELS_PARAMS = [*code("pixels"), *SEEN.values()]


def restore_arrays():
    """Put the arrays that were made from the tables here in their place, and set those of other results aside."""
    tables = [*CORRUPTED_FROM, *map(Path, expand(rules.split.output, split=COPIED))]
    digests = cached_sha256(filter(Path.exists, tables), Path(f"{SCRATCH}/digests/tables.json"))
    if CATALOGUE not in digests:
        return
    pixels = key([*PIXELS_PARAMS, digests[CATALOGUE]])
    for of in SEALED.values():
        array_digests.restore_array(Path(PIXELS.format(**of)), made_from=pixels)
        (split,) = map(Path, expand(rules.split.output, **of))
        if split in digests:
            made_from = key([*code("oversample"), digests[split], pixels])
            array_digests.restore_array(Path(COPIES.format(**of)), made_from=made_from)
        if all(table in digests for table in CORRUPTED_FROM):
            of = {**of, "tested": TESTED_BY[of["split"]]}
            made_from = key([*corrupt_params(of["tested"]), *(digests[table] for table in CORRUPTED_FROM)])
            array_digests.restore_array(Path(CORRUPTED.format(**of)), made_from=made_from)


if ALONE:
    restore_arrays()


def sealed_digests(wildcards):
    """The digest files of the arrays that a seal vouches for, by name."""
    digests = {"pixels": rules.pixels.output.digest}
    if wildcards.split in COPIED:
        digests["copies"] = rules.oversample.output.digest
    return {name: expand(digest, **wildcards)[0] for name, digest in digests.items()}


# Snakemake reruns all that is downstream of a rerun job, even when its bytes came out the same. As a checkpoint the
# seal, which holds digests alone, makes it look at training again: the same seal as last time, and nothing is trained.
checkpoint seal:
    input:
        unpack(sealed_digests),
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
        copies=lambda wildcards: code("oversample") if wildcards.split in COPIED else [],
    script:
        "../scripts/seal.py"
