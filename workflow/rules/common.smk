"""The plan of the run, the checks before its first job, and inputs that several rules share."""

import os
import re
import sys
from pathlib import Path

# Rules and jobs import the package of their own checkout, even if the environment was made for another checkout.
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
    """Exit before any job runs, with one error line for each mistake and no traceback."""
    print(*(f"error: {line}" for line in str(mistakes).splitlines()), sep="\n", file=sys.stderr)
    sys.exit(2)


if not Path(brushprint.__file__).is_relative_to(SOURCE):
    stop(f"brushprint is imported from {Path(brushprint.__file__).parent}, not from {SOURCE}; unset PYTHONPATH")

try:
    # Snakemake reads all nested values in --config as text, even numbers and null.
    update_config(config, loading.typed(workflow.config_settings.config))
    CONFIG = loading.load(config, workflow.configfiles)
    # Snakemake writes this path into shell commands without quotes.
    sys.executable = preflight.python_for_shells()
    PLAN = Plan(CONFIG)
    RESULTS, SCRATCH, LOGS, EXPORTS, VARIANT = PLAN.results, PLAN.scratch, PLAN.logs, PLAN.exports, PLAN.variant
    # Each job reads the rules again, but only the process that starts the jobs makes the checks.
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


def as_written(**params):
    """Params with texts that people wrote: Snakemake would read `{name}` in a param that is no function as a wildcard."""
    return {name: lambda wildcards, text=text: text for name, text in params.items()}


# The threads of rules that use all cores. On a cluster, the profile sets the number (`set-threads`).
ALL_CORES = workflow.resource_settings.cores or 1
# COLLECTION and OPENED: the inputs and params of rules that open the collection. SEEN: the params of rules that read
# pictures in the state in which networks see them.
COLLECTION = [] if PICTURES.local else [ancient(PICTURES.root), f"{PICTURES.root}.sha256"]
OPENED = as_written(**PICTURES.params)
SEEN = PICTURES.params | {"harmonise": PLAN.harmonise}


def seen_as(resize):
    """`SEEN`, for a pixel array with this wildcard: pictures may be harmonised for a retrained variant only."""
    return SEEN | {"harmonise": PLAN.harmonise_of(resize)}


def one_of(names):
    return "|".join(map(re.escape, sorted(names))) or "none"


wildcard_constraints:
    variant=one_of(PLAN.variants),
    split=one_of(PLAN.splits),
    size=r"\d+",
    resize=r"(harmonised-)?[a-z]+(-\dx\d)?",
    seen=one_of(PLAN.arrays),
    encoder=one_of(PLAN.encoders),


def variant(wildcards):
    return PLAN.variants[wildcards.variant]


def network_code(script):
    """The code of the variant's own network, so that a change of another network reruns no job of this variant."""
    return lambda wildcards: SCRIPTS.added(script, architectures.module_name(variant(wildcards).recipe.architecture))


def drawn(shown):
    """The params of a rule that draws figures: the code of the modules that draw them, and how to draw each figure."""
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
    """The paths of a file for all variants of the settings."""
    return expand(f"{VARIANT}/{file}", variant=PLAN.names)


# Inputs of a variant. Arrays, models and features may be too large for Snakemake to compare by content
# (`max-checksum-file-size`). They are therefore `ancient`, and a small file with their digest triggers reruns instead.


def seals(wildcards):
    """The seal of a variant's pictures and split and, if it has any, of its pretrained weights; see the rule `seal`."""
    split, seen = variant(wildcards).split, PLAN.seen(wildcards.variant)
    seal = {"seal": checkpoints.seal.get(split=split, seen=seen).output[0]}
    return seal | sealed_weights(PLAN.weights_of(wildcards.variant))


def sealed_weights(weights):
    """The seal of a set of pretrained weights; nothing without one."""
    return {"weights_seal": checkpoints.seal_weights.get(weights=weights).output[0]} if weights else {}


def sealed_split(wildcards):
    return seals(wildcards) | {"split": ancient(expand(rules.split.output, **variant(wildcards).array))}


def sealed_pixels(wildcards):
    pixels, digest = expand(rules.pixels.output, **variant(wildcards).array)
    return seals(wildcards) | {"pixels": ancient(pixels), "digest": ancient(digest)}


def sealed_array(wildcards):
    """What a variant's network or head takes: the pixels, or the features of its encoder, sealed."""
    encoder = PLAN.encoder_of(wildcards.variant)
    if encoder is None:
        return sealed_pixels(wildcards)
    encoded, digest = expand(rules.encode.output, encoder=encoder)
    return seals(wildcards) | {"encoded": ancient(encoded), "digest": ancient(digest)}


def trained(wildcards):
    return {"model": ancient(f"{VARIANT}/model.safetensors"), "model_digest": f"{VARIANT}/model.sha256"}


def fold_heads(wildcards):
    """The heads that cross-validate a variant; nothing for a network that is trained."""
    return {"folds": f"{VARIANT}/folds.safetensors"} if PLAN.encoder_of(wildcards.variant) else {}


def predicted(wildcards):
    return {"predictions": f"{VARIANT}/predictions.parquet", "thresholds": f"{VARIANT}/thresholds.json"}


def features(wildcards):
    return {"features": ancient(f"{VARIANT}/features.parquet"), "features_digest": f"{VARIANT}/features.sha256"}
