"""Before anything else a run sees whether it may write and whether it is alone."""

import json
import os
import shutil
import subprocess
from contextlib import suppress

from brushprint.core import locks
from brushprint.workflow import forkserver
from brushprint.core.atomic import disk_full, replacing


def written_to():
    """The folders that a run writes to; of one that is yet to be made, the folder that it will be made in."""
    archives = [] if CONFIG.collection.kind == "local" else ["data"]
    for folder in map(Path, (RESULTS, SCRATCH, LOGS, EXPORTS, ".snakemake", *archives)):
        yield next(path for path in (folder, *folder.absolute().parents) if path.exists())
    for folder in map(Path, (RESULTS, SCRATCH, LOGS, EXPORTS)):
        yield from folder.rglob("*/")


def check_networks():
    """Layers and sizes that only the networks themselves know are refused too before anything runs, once."""
    recipes = {
        name: used.model_dump()
        for name in CONFIG.variants
        if "/" in (used := CONFIG.recipe(name)).architecture
        or used.trainable_layers
        or used.fine_tuning
        or used.compile
    }
    asked = {"recipes": recipes, "processes": TOGETHER}
    known = Path(f"{SCRATCH}/digests/networks.json")
    checked = json.dumps(key([*code("train", "brushprint.models.check"), asked]))
    if not recipes or (known.exists() and known.read_text() == checked):
        return
    command = [sys.executable, "-m", "brushprint.models.check"]
    done = subprocess.run(command, input=json.dumps(asked), text=True, capture_output=True)
    if done.returncode:
        stop(done.stderr)
    with replacing(known) as part:
        part.write_text(checked)


ALONE = False

# Jobs read the rules too; all this is for the process that begins them.
if workflow.is_main_process:
    for folder in written_to():
        if not os.access(folder, os.W_OK | os.X_OK):
            stop(f"{folder}: this user may not write there; change its owner or permissions, or run another copy")
        if disk_full(folder):
            stop(f"the disk is full: no room in {folder}; free some and run again")

    if CONFIG.nodes > 1 and not workflow.dryrun and not shutil.which("srun"):
        stop("nodes: several nodes need Slurm, and there is no srun here; set nodes: 1")
    check_networks()
    RUN, alone = locks.join(".snakemake/run.lock")
    if alone:
        # Snakemake's own locks outlive a run that is killed.
        for left_behind in Path(".snakemake/locks").glob("*.lock"):
            left_behind.unlink()
    # Where locks are unknown nobody is told to wait.
    ALONE = alone is not False
    if not ALONE:
        print("note: another run is at work in this folder", file=sys.stderr)
