"""All that a run writes under results/, and the digest of each file."""

from base64 import urlsafe_b64encode

from snakemake.io import IOFile

from brushprint.workflow import checksums

# As text where a file is flagged for `snakemake --report`, which would take it for one of the rule `checksums`.
ARTIFACTS = [
    *rules.catalogue.output,
    *map(str, rules.examples.output),
    *rules.faces.output,
    *expand(rules.split.output, split=TRAINED_SPLITS),
    *expand(map(str, rules.copies_examples.output), split=[split for split in COPIED if split in SPLITS]),
    *sorted({file for of in SEALED.values() for file in expand(rules.seal.output, **of)}),
    *expand([*RULE_OF, *rules.provenance.output], variant=CONFIG.variants),
    *expand([*RULE_OF_ARM, *rules.provenance.output], variant=ARMS),
    *rules.arms.output,
    *rules.shortcut_audit.output,
    *expand(rules.shortcut_features.output, state=STATES),
    *rules.near_duplicates.output,
    *rules.leaks.output,
    *map(str, [*rules.collection_figures.output, *rules.perturbed_examples.output]),
    *EXTERNAL_METRICS,
    *PICKED_FILES,
    *rules.cards.output,
    *map(str, rules.compare.output),
    *rules.claims.output,
    *rules.mistakes.output,
    *rules.report.output,
]
ARTIFACTS = list(map(unstored, ARTIFACTS))
SUMS = f"{RESULTS}/SHA256SUMS"

# A job that was cut leaves marks that Snakemake goes by; what was checked out since is whole, as its line says.
if ALONE:
    for file, digest in checksums.read_sums(Path(SUMS)).items():
        mark = Path(".snakemake/incomplete", urlsafe_b64encode(file.encode()).decode())
        if mark.is_file() and Path(file).is_file() and sha256(file) == digest:
            mark.unlink()


def record(file):
    """What Snakemake noted when the job that wrote a file ended."""
    return workflow.persistence.metadata(IOFile(str(file)))


@cache
def look_over():
    """Have what is not as its job left it made again, before Snakemake judges anything.

    Snakemake compares a file with what its readers read, not with what its job wrote. The job `checksums` reads all, so
    that its record, and its output, say it. A file that a job wrote since then has the age noted when that job ended.
    """
    if not (summed := record(SUMS)):
        return
    lines = checksums.read_sums(Path(SUMS))
    noted = {file: value.removeprefix("sha256:") for file, value in summed.input_checksums.items()}
    stated = lines | noted
    files = [Path(file) for file in ARTIFACTS if Path(file).exists()]
    found = cached_sha256(files, Path(f"{SCRATCH}/digests/results.json"))
    changed = [SUMS] if Path(SUMS).exists() and lines != stated else []
    for file in map(str, files):
        if made := record(file):
            since = made.endtime > summed.endtime
            same = made.endtime == Path(file).stat().st_mtime if since else found[Path(file)] == stated.get(file)
            changed += [] if same else [file]
    for file in changed:
        print(f"note: {file} is not what its job wrote; it is made again", file=sys.stderr)
    workflow.dag.forcefiles.update(changed)


def verified_artifacts(wildcards):
    runs = workflow.is_main_process and workflow.executor_plugin and not workflow.dryrun
    if runs and STORAGE.default_storage_provider:
        stop("default-storage-provider: jobs open the collection and scratch/ as files; share results by DVC instead")
    if ALONE:
        look_over()
    elif runs:
        stop("another run is at work in this folder; wait for its end, or use another clone")
    return checked(ARTIFACTS)


rule checksums:
    input:
        verified_artifacts,
    output:
        SUMS,
    log:
        f"{LOGS}/checksums.log",
    params:
        *code("checksums"),
    script:
        "../scripts/checksums.py"


def everything(wildcards):
    """The checksums of everything, and what was there when they were made and is gone."""
    return [SUMS, *(file for file in ARTIFACTS if Path(SUMS).exists() and not Path(file).exists())]
