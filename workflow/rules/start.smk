"""Before anything else a run sees whether it may write and whether it is alone."""

import os

from brushprint import locks
from brushprint.atomic import disk_full


def written_to():
    """The folders that a run writes to; of one that is yet to be made, the folder that it will be made in."""
    archives = [] if CONFIG.collection.kind == "local" else ["data"]
    for folder in map(Path, (RESULTS, SCRATCH, LOGS, ".snakemake", *archives)):
        yield next(path for path in (folder, *folder.absolute().parents) if path.exists())
    for folder in map(Path, (RESULTS, SCRATCH, LOGS)):
        yield from folder.rglob("*/")


ALONE = False

# Jobs read the rules too; all this is for the process that begins them.
if workflow.is_main_process:
    for folder in written_to():
        if not os.access(folder, os.W_OK | os.X_OK):
            stop(f"{folder}: this user may not write there; change its owner or permissions, or run another copy")
        if disk_full(folder):
            stop(f"the disk is full: no room in {folder}; free some and run again")

    RUN, alone = locks.join(".snakemake/run.lock")
    if alone:
        # Snakemake's own locks outlive a run that is killed.
        for left_behind in Path(".snakemake/locks").glob("*.lock"):
            left_behind.unlink()
    # Where locks are unknown nobody is told to wait.
    ALONE = alone is not False
    if not ALONE:
        print("note: another run is at work in this folder", file=sys.stderr)
