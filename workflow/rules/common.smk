"""Settings, paths and provenance: what every file of rules uses."""

import hashlib
import os
import re
import sys
from functools import cache
from pathlib import Path

from snakemake.io import IOFile
from snakemake.utils import update_config

from brushprint import architectures, checksums, config as settings, locks, provenance, runs, seal as seals
from brushprint.atomic import disk_full
from brushprint.digest import key, remembered, sha256
from brushprint.errors import UserError


def stop(mistakes):
    """End before anything runs, with a line a mistake and no traceback."""
    print(*(f"error: {line}" for line in str(mistakes).splitlines()), sep="\n", file=sys.stderr)
    sys.exit(2)


def checked_settings():
    # Snakemake reads values nested in --config as text, whatever they look like.
    update_config(config, settings.typed(workflow.config_settings.config))
    try:
        return settings.load(config, workflow.configfiles)
    except UserError as error:
        stop(error)


CONFIG = checked_settings()
RESULTS = f"results/{CONFIG.collection.name}"
SCRATCH = f"scratch/{CONFIG.collection.name}"
LOGS = f"logs/{CONFIG.collection.name}"
VARIANT = f"{RESULTS}/variants/{{variant}}"
ALL_CORES = workflow.resource_settings.cores or 1


def written_to():
    """The folders that a run writes to; of one that is yet to be made, the folder that it will be made in."""
    for folder in map(Path, (RESULTS, SCRATCH, LOGS, "data", ".snakemake")):
        yield next(path for path in (folder, *folder.absolute().parents) if path.exists())
    for folder in map(Path, (RESULTS, SCRATCH, LOGS)):
        yield from folder.rglob("*/")


for folder in written_to():
    if not os.access(folder, os.W_OK | os.X_OK):
        stop(f"{folder}: this user may not write there; change its owner or permissions, or run another copy")
    if disk_full(folder):
        stop(f"the disk is full: no room in {folder}; free some and run again")

ALONE = False
if workflow.is_main_process:
    RUN, ALONE = locks.join(".snakemake/run.lock")
    if ALONE:
        # Snakemake's own locks outlive a run that is killed.
        for left_behind in Path(".snakemake/locks").glob("*.lock"):
            left_behind.unlink()
    else:
        print("note: another run is at work in this folder", file=sys.stderr)


SYNTHETIC = CONFIG.collection.kind == "sample"

# `config` is what the texts of `snakemake --report`, in workflow/report/, can read beside the job.
if workflow.is_main_process:
    config["report"] = {
        "title": CONFIG.collection.title,
        "note": "**Synthetic sample**, drawn by brushprint: about the software, not about art." if SYNTHETIC else "",
        "page": f"{RESULTS}/report/index.html",
        "runs": runs.table(Path(LOGS)),
    }


def one_of(names):
    return "|".join(map(re.escape, sorted(names)))


wildcard_constraints:
    variant=one_of(CONFIG.variants),
    split=one_of(CONFIG.splits),
    size=r"\d+",
    resize=r"[a-z]+",


@cache
def code(script, *modules):
    """The params that every rule begins with: a value for each module and package that its script follows from."""
    return provenance.code(Path(workflow.basedir, "workflow/scripts", f"{script}.py"), modules)


def network_code(script):
    """What the module of the variant's network adds to `code`, so that another network's change is none of its."""

    def params(wildcards):
        network = architectures.module_name(CONFIG.recipe(wildcards.variant).architecture)
        common = code(script)
        return ", ".join(value for value in code(script, network) if value not in common)

    return params


def seed_of(name):
    """The seed of a thing, by the settings' seed and the thing's name."""
    return int.from_bytes(hashlib.sha256(f"{CONFIG.seed} {name}".encode()).digest()[:4])


def recipe(wildcards):
    return CONFIG.recipe(wildcards.variant).model_dump()


def seal_of(wildcards):
    """The seal of a variant's pictures and split. Each rule of a variant takes it: see the rule `seal`."""
    return checkpoints.seal.get(**SEALED[wildcards.variant]).output[0]


def sealed_split(wildcards):
    """The seal and the split that it vouches for."""
    split = expand(rules.split.output, **SEALED[wildcards.variant])
    return {"seal": seal_of(wildcards), "split": ancient(split)}


def sealed(wildcards):
    """As `sealed_split`, with the pixels and their digest."""
    pixels = expand(rules.pixels.output, **SEALED[wildcards.variant])
    return sealed_split(wildcards) | {"pixels": ancient(pixels[0]), "digest": ancient(pixels[1])}


def trained(wildcards):
    """A model, which may be larger than what Snakemake checks by its content, and the digest that stands for it."""
    return {"model": ancient(f"{VARIANT}/model.safetensors"), "model_digest": f"{VARIANT}/model.sha256"}
