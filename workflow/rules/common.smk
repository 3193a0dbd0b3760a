"""The plan of the run, what a run makes sure of first, and inputs that several rules share."""

import os
import re
import sys
from pathlib import Path

# Each checkout runs its own package, in its rules and in its jobs, whichever checkout the environment was made for.
SOURCE = str(Path(workflow.basedir, "src"))
sys.path.insert(0, SOURCE)
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [SOURCE, os.environ.get("PYTHONPATH")]))

import brushprint
from snakemake.logging import logger
from snakemake.utils import update_config

from brushprint.core.errors import UserError
from brushprint.figures import registry as figures
from brushprint.models.architectures import registry as architectures
from brushprint.settings import loading
from brushprint.workflow import arrays, captions, forkserver, preflight, provenance, records, runs, sources
from brushprint.workflow.plan import Plan
from brushprint.workflow.products import Products


def stop(mistakes):
    """End before anything runs, with one line for each mistake and no traceback."""
    print(*(f"error: {line}" for line in str(mistakes).splitlines()), sep="\n", file=sys.stderr)
    sys.exit(2)


if not Path(brushprint.__file__).is_relative_to(SOURCE):
    stop(f"brushprint is imported from {Path(brushprint.__file__).parent}, not from {SOURCE}; unset PYTHONPATH")

try:
    # Snakemake reads values nested in --config as text, whatever they look like.
    update_config(config, loading.typed(workflow.config_settings.config))
    CONFIG = loading.load(config, workflow.configfiles)
    PLAN = Plan(CONFIG)
    RESULTS, SCRATCH, LOGS, EXPORTS, VARIANT = PLAN.results, PLAN.scratch, PLAN.logs, PLAN.exports, PLAN.variant
    # Jobs read the rules, too; checks are for the process that starts the jobs.
    if workflow.is_main_process:
        preflight.check_folders(PLAN)
        LOCK, ALONE = preflight.join()
        PRODUCTS = Products(PLAN)
    SCRIPTS = provenance.Scripts(
        Path(workflow.basedir, "workflow/scripts"), provenance.Memory(Path(f"{SCRATCH}/digests/code.json"))
    )
    code = SCRIPTS.code
    PICTURES = sources.pictures_of(PLAN, code("draw_sample"))
    SHIPPED = loading.shipped(CONFIG.collection.name)
    if workflow.is_main_process:
        preflight.check(PLAN, code("train", "brushprint.models.check"))
except UserError as error:
    stop(error)

if workflow.is_main_process and ALONE is False:
    print("note: another run is at work in this folder", file=sys.stderr)

# Profiles of clusters say how many cores these rules get.
ALL_CORES = workflow.resource_settings.cores or 1
# What rules take that open the collection, and what those take that see pictures as networks do.
COLLECTION = [] if PICTURES.local else [ancient(PICTURES.root), f"{PICTURES.root}.sha256"]
SEEN = PICTURES.params | {"harmonise": PLAN.harmonise}


def one_of(names):
    return "|".join(map(re.escape, sorted(names))) or "none"


wildcard_constraints:
    variant=one_of(PLAN.variants),
    split=one_of(PLAN.splits),
    size=r"\d+",
    resize=r"[a-z]+",


def variant(wildcards):
    return PLAN.variants[wildcards.variant]


def network_code(script):
    """The code of the variant's own network, so that a change of another network reruns nothing of it."""
    return lambda wildcards: SCRIPTS.added(script, architectures.module_name(variant(wildcards).recipe.architecture))


def drawn(shown):
    """The params of a rule that draws figures: the modules that draw them, and how."""
    modules = SCRIPTS.added("figures", *figures.modules(shown))
    return {"modules": modules, "figures": [figure.drawing for figure in shown]}


def shown(figure, **labels):
    """The file of a figure, with the text that `snakemake --report` shows beside it."""
    return report(
        f"{VARIANT if figure.per_variant else RESULTS}/figures/{figure.file}",
        caption=captions.file_of(figure, Path(f"{SCRATCH}/captions")),
        category="{variant}" if figure.per_variant else "All variants",
        subcategory=figure.group,
        labels={"figure": figure.title, **labels},
    )


def of_each(file):
    """A file of each variant of the settings."""
    return expand(f"{VARIANT}/{file}", variant=PLAN.names)


# Inputs of a variant. Arrays, models and features may be larger than what Snakemake checks by its content: they are
# ancient, and a small file with their digest stands for them.


def seals(wildcards):
    """The seals of a variant's pictures and split, and of the weights that it begins from; see the rule `seal`."""
    seal = {"seal": checkpoints.seal.get(**variant(wildcards).array).output[0]}
    weights = PLAN.weights_of(wildcards.variant)
    return seal | ({"weights_seal": checkpoints.seal_weights.get(weights=weights).output[0]} if weights else {})


def sealed_split(wildcards):
    return seals(wildcards) | {"split": ancient(expand(rules.split.output, **variant(wildcards).array))}


def sealed_pixels(wildcards):
    pixels, digest = expand(rules.pixels.output, **variant(wildcards).array)
    return seals(wildcards) | {"pixels": ancient(pixels), "digest": ancient(digest)}


def trained(wildcards):
    return {"model": ancient(f"{VARIANT}/model.safetensors"), "model_digest": f"{VARIANT}/model.sha256"}


def predicted(wildcards):
    return {"predictions": f"{VARIANT}/predictions.parquet", "thresholds": f"{VARIANT}/thresholds.json"}


def features(wildcards):
    return {"features": ancient(f"{VARIANT}/features.parquet"), "features_digest": f"{VARIANT}/features.sha256"}
