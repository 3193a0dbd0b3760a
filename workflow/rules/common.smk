"""Settings, paths and provenance: what every file of rules uses."""

import hashlib
import re
import sys
from functools import cache
from pathlib import Path

from snakemake.io import expand as snakemake_expand
from snakemake.utils import update_config

from brushprint.figures import registry as figure_registry
from brushprint.models.architectures import registry
from brushprint.settings import loading as settings
from brushprint.workflow import captions, provenance
from brushprint.core.digest import cached_sha256, key, sha256
from brushprint.core.errors import UserError


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
# With the arms among the variants, and their splits.
TRAINED = CONFIG.trained
RESULTS = f"results/{CONFIG.collection.name}"
SCRATCH = f"scratch/{CONFIG.collection.name}"
LOGS = f"logs/{CONFIG.collection.name}"
# What is made of results on request alone, for other programs and people: no result, so not in DVC.
EXPORTS = f"exports/{CONFIG.collection.name}"
SYNTHETIC = CONFIG.collection.kind == "sample"
VARIANT = f"{RESULTS}/variants/{{variant}}"
# What each variant sees of its pictures, and which of them.
SEALED = {
    name: {"split": variant.split, "size": TRAINED.recipe(name).image_size, "resize": TRAINED.recipe(name).resize}
    for name, variant in TRAINED.variants.items()
}
SPLITS = sorted({of["split"] for name, of in SEALED.items() if name in CONFIG.variants})
TRAINED_SPLITS = sorted({of["split"] for of in SEALED.values()})
MEMORY = provenance.Memory(Path(f"{SCRATCH}/digests/code.json"))
# On a cluster each profile says how many these are.
ALL_CORES = workflow.resource_settings.cores or 1
# How many train and infer a network together.
TOGETHER = CONFIG.devices * CONFIG.nodes
# What jobs of networks ask of a cluster.
GPU = {"gpu": 1} if CONFIG.device == "cuda" else {}


STORAGE = workflow.storage_settings
# What Snakemake puts before the names of what rules write, where it is told of a default storage.
STORED = f"{STORAGE.local_storage_prefix}/{STORAGE.default_storage_provider}/" + (
    f"{str(STORAGE.default_storage_prefix).partition('://')[2]}/"
)


def unstored(file):
    """The name of a file as its rule has it, with or without a default storage."""
    return file if callable(file) else str(file).removeprefix(STORED)


def expand(patterns, *combinator, **wildcards):
    """As Snakemake's, which refuses what rules write to a default storage."""
    patterns = [patterns] if isinstance(patterns, str) or callable(patterns) else patterns
    return snakemake_expand(list(map(unstored, patterns)), *combinator, **wildcards)


def one_of(names):
    return "|".join(map(re.escape, sorted(names)))


wildcard_constraints:
    variant=one_of(TRAINED.variants),
    split=one_of(TRAINED.splits),
    size=r"\d+",
    resize=r"[a-z]+",


@cache
def code(script, *modules):
    """The params that every rule begins with: a value for each module and package that its script follows from."""
    return provenance.code(Path(workflow.basedir, "workflow/scripts", f"{script}.py"), MEMORY, modules)


def added_code(script, *modules):
    """What modules that a script loads by name add to `code`."""
    common = code(script)
    return ", ".join(value for value in code(script, *modules) if value not in common)


def drawn(figures):
    """The params of a rule that draws figures, beside `code`: the modules that draw them, and how."""
    return {
        "modules": added_code("figures", *figure_registry.modules(figures)),
        "figures": [figure.drawing for figure in figures],
    }


def shown(figure, **labels):
    """The file of a figure, with the text that `snakemake --report` shows beside it."""
    return report(
        f"{VARIANT if figure.per_variant else RESULTS}/figures/{figure.file}",
        caption=captions.file_of(figure, Path(f"{SCRATCH}/captions")),
        category="{variant}" if figure.per_variant else "All variants",
        subcategory=figure.group,
        labels={"figure": figure.title, **labels},
    )


def module_code(script, architecture):
    """What the module of a network adds to `code`."""
    return added_code(script, registry.module_name(architecture))


def network_code(script):
    """As `module_code`, of the variant's network, so that another network's change is none of its."""
    return lambda wildcards: module_code(script, TRAINED.recipe(wildcards.variant).architecture)


def seed_of(name):
    """The seed of a thing, by the settings' seed and the thing's name."""
    return int.from_bytes(hashlib.sha256(f"{CONFIG.seed} {name}".encode()).digest()[:4])


def recipe(wildcards):
    return TRAINED.recipe(wildcards.variant).model_dump()


def seals_of(wildcards):
    """The seals of a variant's pictures and split, and of the weights that it begins from, if any.

    Each rule of a variant takes them: see the rule `seal`.
    """
    found = {"seal": checkpoints.seal.get(**SEALED[wildcards.variant]).output[0]}
    if weights := WEIGHTS_OF.get(wildcards.variant):
        found["weights_seal"] = checkpoints.seal_weights.get(weights=weights).output[0]
    return found


def sealed_split(wildcards):
    """The seals and the split that one vouches for."""
    return seals_of(wildcards) | {"split": ancient(expand(rules.split.output, **SEALED[wildcards.variant]))}


def sealed_pixels(wildcards):
    """The seals, and the pixels that one vouches for with their digest."""
    pixels = expand(rules.pixels.output, **SEALED[wildcards.variant])
    return seals_of(wildcards) | {"pixels": ancient(pixels[0]), "digest": ancient(pixels[1])}


def sealed(wildcards):
    """The split and the pixels with the seals that vouch for them."""
    return sealed_split(wildcards) | sealed_pixels(wildcards)


def sealed_to_learn(wildcards):
    """As `sealed`, with what some networks have besides: augmented copies and their digest, weights to begin from."""
    of = SEALED[wildcards.variant]
    copies = expand(rules.oversample.output, **of) if of["split"] in COPIED else []
    found = sealed(wildcards) | dict(zip(("copies", "copies_digest"), map(ancient, copies)))
    if weights := WEIGHTS_OF.get(wildcards.variant):
        found["weights"] = ancient(f"data/weights/{weights}.safetensors")
    return found


def trained(wildcards):
    """A model, which may be larger than what Snakemake checks by its content, and the digest that stands for it."""
    return {"model": ancient(f"{VARIANT}/model.safetensors"), "model_digest": f"{VARIANT}/model.sha256"}


def predicted(wildcards):
    """The predictions of a variant, and its thresholds."""
    return {"predictions": f"{VARIANT}/predictions.parquet", "thresholds": f"{VARIANT}/thresholds.json"}


def checked(files):
    """Files as inputs: those that may be larger than what Snakemake checks by its content have a digest beside them."""
    return [ancient(str(file)) if file.endswith(("model.safetensors", "features.parquet")) else file for file in files]
