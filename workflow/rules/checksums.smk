"""All that a run writes under results/, and the digest of each file."""

# As text where a file is flagged for `snakemake --report`, which would take it for one of the rule `checksums`.
from snakemake.io import IOFile

from brushprint import checksums

ARTIFACTS = [
    *rules.catalogue.output,
    *map(str, rules.examples.output),
    *expand(rules.split.output, split=SPLITS),
    *sorted({file for of in SEALED.values() for file in expand(rules.seal.output, **of)}),
    *expand([*RULE_OF, *rules.trace.output], variant=CONFIG.variants),
    *map(str, rules.compare.output),
    *rules.report.output,
]


rule checksums:
    input:
        checked(ARTIFACTS),
    output:
        f"{RESULTS}/SHA256SUMS",
    log:
        f"{LOGS}/checksums.log",
    benchmark:
        f"{LOGS}/checksums.benchmark.tsv"
    params:
        *code("checksums"),
    script:
        "../scripts/checksums.py"


def everything(wildcards):
    """The checksums, and what has a line there but is gone; has what was changed by other hands made again.

    Snakemake compares a file with what its readers read, not with what its job wrote. SHA256SUMS says that; a file
    that a job wrote since then has the age that Snakemake noted when the job ended.
    """
    sums = Path(rules.checksums.output[0])
    if ALONE and sums.exists():
        for file in checksums.differing(sums, Path(f"{SCRATCH}/digests/results.json")):
            record = workflow.persistence.metadata(IOFile(str(file)))
            if str(file) in ARTIFACTS and not (record and record.endtime == file.stat().st_mtime):
                print(f"note: {file} is not what its job wrote; it is made again", file=sys.stderr)
                workflow.dag.forcefiles.add(str(file))
    return [str(sums), *(file for file in ARTIFACTS if sums.exists() and not Path(file).exists())]
