"""Results are what their jobs wrote: each finished job records the sha256 of its results.

Snakemake records checksums of a job's inputs, not of its outputs, so it does not notice a result that somebody edited
or replaced. A job removes the records of its results when it begins and writes them when it ends: after a killed run
nothing is known of the files that the killed job may have written. Records lie in a folder of their own, which DVC
versions beside the results, so that a checkout of one without the other is noticed too.
"""

from pathlib import Path

from brushprint.core.digest import cached_sha256

SUFFIX = ".sha256"


def altered(records: Path, cache: Path) -> list[Path]:
    """The results, sorted, that exist and are not what their finished job wrote.

    `records` is the folder of a collection's records, `records/COLLECTION`. `cache` is a file that keeps digests, so
    that nothing is read twice.
    """
    recorded = {}
    for record in sorted(records.rglob(f"*{SUFFIX}")):
        result = Path("results", *record.parts[1:]).with_name(record.name.removesuffix(SUFFIX))
        if result.exists():
            recorded[result] = record.read_text(encoding="ascii", errors="replace").strip()
    return [file for file, digest in cached_sha256(recorded, cache).items() if digest != recorded[file]]


def complaint(files: list[Path]) -> str:
    """The line for a person about results that are not what their jobs wrote; there is at least one."""
    first, *others = files
    if not others:
        return f"{first} is not what its job wrote: delete it, or bring it back with `dvc checkout`, and run again"
    return (
        f"{first} and {len(others)} more are not what their jobs wrote: delete them, or bring them back with "
        "`dvc checkout`, and run again"
    )
