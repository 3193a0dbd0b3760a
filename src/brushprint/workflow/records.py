"""Records of results: each finished job records the SHA-256 of its results, so that later changes are detected.

Snakemake records checksums of a job's inputs, not of its outputs, so it does not detect a result that somebody edited
or replaced. A job removes the records of its results when it starts and writes them when it ends. After a killed run,
there is therefore no record of the files that the killed job may have written. Records are in a separate folder, which
DVC versions beside the results, so that a checkout of one without the other is detected too.
"""

from pathlib import Path

from brushprint.core.digest import cached_sha256

SUFFIX = ".sha256"


def altered(records: Path, cache: Path) -> list[Path]:
    """The existing results, sorted, whose content differs from the content that their finished job wrote.

    `records` is the folder of a collection's records, `records/COLLECTION`. The file `cache` keeps digests, so that
    unchanged results are read only once; see `brushprint.core.digest.cached_sha256`.
    """
    recorded = {}
    for record in sorted(records.rglob(f"*{SUFFIX}")):
        result = Path("results", *record.parts[1:]).with_name(record.name.removesuffix(SUFFIX))
        if result.exists():
            recorded[result] = record.read_text(encoding="ascii", errors="replace").strip()
    return [file for file, digest in cached_sha256(recorded, cache).items() if digest != recorded[file]]


def complaint(files: list[Path]) -> str:
    """The error line about altered results, of which there must be at least one; see `altered`."""
    first, *others = files
    if not others:
        return f"{first} differs from what its job wrote: delete it, or restore it with `dvc checkout`, and run again"
    return (
        f"{first} and {len(others)} more differ from what their jobs wrote: delete them, or restore them with "
        "`dvc checkout`, and run again"
    )
