"""Where the pictures come from. A folder or archive on this machine stays where it is; others are fetched or drawn."""

LOCAL = CONFIG.collection.kind == "local"
ARCHIVE = str(Path(CONFIG.collection.source).expanduser()) if LOCAL else f"data/{CONFIG.collection.name}.archive"


def local_digest():
    """The content of a local collection: Snakemake would judge it by its age, which a clone or a copy changes."""
    path, stated = Path(ARCHIVE), CONFIG.collection.sha256
    if path.exists():
        found = provenance.content_digest(path, Path("scratch/digests.json"))
        if stated in (None, found):
            return found
        reason = f"{path} has the sha256 {found}, and collection.sha256 says {stated}; one of them is wrong"
    elif stated:
        return stated
    else:
        reason = f"{path} does not exist; give a folder, a zip or a tar"
    stop(f"collection.source: {reason}")


DIGEST = f"data/{CONFIG.collection.name}.sha256"

# What the rules that open the collection take: a drawn or fetched archive counts by its digest file, a local one by
# its digest as a param.
PICTURES = {
    "input": [] if LOCAL else [ancient(ARCHIVE), DIGEST],
    "params": {"root": ARCHIVE, "digest": local_digest() if LOCAL else None},
}


if CONFIG.collection.kind == "sample":

    rule draw:
        output:
            archive=ARCHIVE,
            digest=DIGEST,
        log:
            f"{LOGS}/draw.log",
        benchmark:
            f"{LOGS}/draw.benchmark.tsv"
        threads: ALL_CORES
        params:
            *code("draw"),
            sample=CONFIG.collection.sample.model_dump(),
            seed=CONFIG.seed,
        script:
            "../scripts/draw.py"

elif not LOCAL:

    rule fetch:
        output:
            archive=ARCHIVE,
            digest=DIGEST,
        log:
            f"{LOGS}/fetch.log",
        benchmark:
            f"{LOGS}/fetch.benchmark.tsv"
        params:
            *code("fetch"),
            source=CONFIG.collection.source,
            sha256=CONFIG.collection.sha256,
        script:
            "../scripts/fetch.py"
