"""Where the pictures come from. A folder or archive on this machine stays where it is; others are fetched or drawn."""

LOCAL = CONFIG.collection.kind == "local"
COLLECT = {"local": [], "sample": ["draw_sample"]}.get(CONFIG.collection.kind, ["fetch"])


def local_digest(path):
    """The content of a local collection: Snakemake would judge it by its age, which a clone or a copy changes."""
    stated = CONFIG.collection.sha256
    if path.exists():
        digest = provenance.content_digest(path, Path(f"{SCRATCH}/digests/pictures.json"))
        if stated in (None, digest):
            return digest
        reason = f"{path} has the sha256 {digest}, and collection.sha256 says {stated}; one of them is wrong"
    elif stated:
        return stated
    elif Path(f"{path}.dvc").exists():
        reason = f"{path} is not here yet; fetch it with `dvc pull {path}.dvc`"
    else:
        reason = f"{path} does not exist; give a folder, a zip or a tar"
    stop(f"collection.source: {reason}")


DRAWN = {"sample": CONFIG.collection.sample.model_dump(), "seed": CONFIG.seed}
FETCHED = {"source": CONFIG.collection.source, "sha256": CONFIG.collection.sha256}

# What the rules that open the collection take: a drawn or fetched archive counts by its digest file, a local one by its
# digest as a param. data/ is not versioned, so the archive's name says what decides its content: results of other
# settings, checked out, find their own archive or none.
if LOCAL:
    ARCHIVE = Path(CONFIG.collection.source).expanduser()
    PICTURES = {"input": [], "params": {"root": str(ARCHIVE), "digest": local_digest(ARCHIVE)}}
else:
    decides = [*code("draw_sample"), *DRAWN.values()] if CONFIG.collection.kind == "sample" else FETCHED.values()
    ARCHIVE = f"data/{CONFIG.collection.name}-{key(decides)[:8]}.archive"
    PICTURES = {"input": [ancient(ARCHIVE), f"{ARCHIVE}.sha256"], "params": {"root": ARCHIVE, "digest": None}}

# What the rules take that see pictures as networks do.
HARMONISE = CONFIG.collection.harmonise and CONFIG.collection.harmonise.model_dump()
SEEN = PICTURES["params"] | {"harmonise": HARMONISE}

# For people: where the pictures came from, without the folders of this machine.
PICTURES_ARE = {
    "pictures": ARCHIVE.name if LOCAL else CONFIG.collection.source,
    "digest": PICTURES["params"]["digest"],
}


if CONFIG.collection.kind == "sample":

    rule draw_sample:
        output:
            archive=ARCHIVE,
            digest=f"{ARCHIVE}.sha256",
        log:
            f"{LOGS}/draw_sample.log",
        threads: ALL_CORES
        params:
            *code("draw_sample"),
            **DRAWN,
        script:
            "../scripts/draw_sample.py"

elif not LOCAL:

    rule fetch:
        output:
            archive=ARCHIVE,
            digest=f"{ARCHIVE}.sha256",
        log:
            f"{LOGS}/fetch.log",
        localrule: True
        params:
            *code("fetch"),
            **FETCHED,
        script:
            "../scripts/fetch.py"
