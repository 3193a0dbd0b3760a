"""The settings, typed: they are checked before anything runs, and every mistake is told in one line.

The models are the one source: defaults and meanings for people are in `config/README.md`, and the JSON Schema that
editors use is generated from here.
"""

import difflib
import json
import re
from collections.abc import Iterable
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, StringConstraints, ValidationError, ValidationInfo, field_validator, model_validator

from brushprint.core.config_errors import Location, Name, Settings, mistakes, spell
from brushprint.core.errors import UserError, nearest
from brushprint.data.taxonomy import ORIGINS, TASKS
from brushprint.models.architectures import registry
from brushprint.models.recipe import ONE_LOGIT, Filter, Recipe

# Keys of version 0.1 that have other names now.
RENAMED = {
    "decay": "lr_decay",
    "trained": "trainable_layers",
    "without": "exclude_sources",
    "drop": "exclude_folders",
    "leaks": "near_duplicates",
    "copies": "oversample",
    "unseen": "leave_one_generator_out",
    "more": "repeats",
    "checked": "faithfulness_pictures",
    "pixels": "max_image_size",
}

Share = Annotated[float, Field(gt=0, lt=1)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{64}$", to_lower=True)]


class Sample(Settings):
    """The embedded sample."""

    train: Annotated[int, Field(ge=30, description="training pictures")]
    test: Annotated[int, Field(ge=30, description="test pictures")]


class LabelRule(Settings):
    """What the pictures of a folder are."""

    folder: Annotated[str, Field(description="regular expression over a whole folder name; a group `style` names it")]
    origin: Annotated[Literal[*ORIGINS], Field(description="made by a person or by a generator")]
    source: Annotated[Name, Field(description="human, or the generator")]
    style: Annotated[str | None, Field(description="the art movement, where the folder name does not give it")] = None

    @field_validator("folder")
    @classmethod
    def _compiles(cls, folder: str) -> str:
        try:
            re.compile(folder)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        return folder


class Harmonise(Settings):
    """What every picture becomes before anything else is made of it, so that how it was saved tells nothing."""

    side: Annotated[int, Field(ge=8, le=2048, description="side of the square that is cut from its middle, in pixels")]
    resize: Annotated[Filter, Field(description="filter that brings the square to that side")]
    format: Annotated[Literal["jpeg", "png"], Field(description="how it is encoded, and decoded again")]
    quality: Annotated[int | None, Field(ge=1, le=95, description="of jpeg; null for png")]

    @field_validator("quality")
    @classmethod
    def _of_jpeg(cls, quality: int | None, known: ValidationInfo) -> int | None:
        if (known.data.get("format") == "jpeg") != (quality is not None):
            raise ValueError("a number for format: jpeg, null for png")
        return quality


class Collection(Settings):
    """One set of pictures, and how its folders are read."""

    name: Annotated[Name, Field(description="folder of its results")]
    title: Annotated[str, Field(description="how the report calls it")]
    source: Annotated[
        str,
        Field(
            min_length=1,
            description="`sample`, a folder, a zip or tar archive, an http(s) address or `kaggle:owner/dataset`",
        ),
    ]
    sha256: Annotated[Sha256 | None, Field(description="what the archive must have; null: not checked")]
    sample: Annotated[Sample, Field(description="how much of the sample to draw, where `source` is `sample`")]
    labels: Annotated[list[LabelRule], Field(min_length=1, description="tried in order, deepest folder first")]
    max_rejected: Annotated[
        float, Field(ge=0, le=1, description="share of unreadable pictures above which the run stops")
    ]
    harmonise: Annotated[
        Harmonise | None, Field(description="all pictures alike in size and encoding; null: as they came")
    ]

    @field_validator("source")
    @classmethod
    def _fetchable(cls, source: str) -> str:
        if "://" in source and not source.lower().startswith(("http://", "https://")):
            raise ValueError("an address must begin with http:// or https://")
        return source

    @property
    def kind(self) -> Literal["sample", "kaggle", "url", "local"]:
        """How the pictures are come by."""
        if self.source == "sample":
            return "sample"
        if self.source.startswith("kaggle:"):
            return "kaggle"
        return "url" if "://" in self.source else "local"


class Subsample(Settings):
    """As many pictures of each class."""

    task: Annotated[Literal[*TASKS], Field(description="what the classes are")]
    pictures: Annotated[
        int | None,
        Field(ge=1, description="pictures of each class that do not test; null: as the smallest has"),
    ]


class Oversample(Settings):
    """Augmented copies that make human and AI pictures equal in number."""

    rotation: Annotated[float, Field(ge=0, le=180, description="a copy is turned by at most so many degrees")]
    horizontal_flip: Annotated[float, Field(ge=0, le=1, description="probability that a copy is mirrored")]
    zoom: Annotated[float, Field(ge=0, lt=1, description="a copy shows at most this share more or less of the side")]


class Split(Settings):
    """Which pictures train, validate and test."""

    published: Annotated[bool, Field(description="honour train/test folders of the collection")]
    test: Annotated[Share, Field(description="share of the pictures that test, where no published split is used")]
    validation: Annotated[Share, Field(description="share of the training pictures that choose the best epoch")]
    exclude_folders: Annotated[list[str], Field(description="folders whose pictures take no part")]
    exclude_sources: Annotated[list[Name], Field(description="sources whose pictures neither train nor validate")]
    near_duplicates: Annotated[
        Literal["keep", "drop"],
        Field(description="pictures that a published split trains on though near duplicates of them test"),
    ]
    subsample: Annotated[Subsample | None, Field(description="as many pictures of each class; null: all")]
    oversample: Annotated[Oversample | None, Field(description="augmented copies; null: none")]


class WeightsFile(Settings):
    """A file of pretrained weights."""

    path: Annotated[str, Field(min_length=1, description="a safetensors file, or a state dict saved by torch")]
    sha256: Annotated[Sha256, Field(description="what the file must have")]


class Pretrained(Settings):
    """Where pretrained weights come from."""

    source: Annotated[
        Literal["hub", "none"], Field(description="`hub`: the library fetches them; `none`: begin from random weights")
    ]
    files: Annotated[dict[str, WeightsFile], Field(description="files by architecture, in place of what `source` says")]


class Variant(Settings):
    """What is trained: a task, a split and a recipe under one name."""

    task: Annotated[Literal[*TASKS], Field(description="what the classes are")]
    split: Annotated[str, Field(description="one of `splits`")]
    recipe: Annotated[str, Field(description="one of `recipes`")]


class Budget(Settings):
    """Caps that let every published recipe run small; null lifts one."""

    images: Annotated[int | None, Field(ge=1, description="pictures of the collection, drawn evenly from its folders")]
    max_image_size: Annotated[int | None, Field(ge=8, description="side of the square input")]
    epochs: Annotated[int | None, Field(ge=1, description="passes over the training pictures in a phase")]
    batch_size: Annotated[int | None, Field(ge=1, description="pictures a step")]


class Embedding(Settings):
    """The map of the test pictures in two dimensions."""

    method: Annotated[Literal["tsne", "umap"], Field(description="t-SNE, or UMAP, which is an extra")]
    pictures: Annotated[int, Field(ge=10, description="at most so many, drawn evenly from the classes")]
    perplexity: Annotated[
        float, Field(ge=2, allow_inf_nan=False, description="so many neighbours count, of either method")
    ]

    @field_validator("method")
    @classmethod
    def _installed(cls, method: str) -> str:
        if method == "umap" and not find_spec("umap"):
            raise ValueError("must be tsne while umap-learn is missing (`uv sync --extra umap` installs it)")
        return method


class Latent(Settings):
    """The analysis of what the networks learned."""

    features: Annotated[Literal["pool", "penultimate"], Field(description="the layer that is analysed")]
    variance: Annotated[Share, Field(description="share of the variance that the larger PCA keeps")]
    clusters: Annotated[int, Field(ge=2, description="k of K-means")]
    permutations: Annotated[int, Field(ge=20, description="random tables that tell chance from what clusters hold")]
    refits: Annotated[int, Field(ge=20, description="fits to shuffled components that tell chance from their shape")]
    embedding: Embedding


class Occlusion(Settings):
    """The grey patch that slides over a picture, in pixels of a picture of 128 a side."""

    patch: Annotated[int, Field(ge=1, le=128, description="side of the patch")]
    stride: Annotated[int, Field(ge=1, description="from one place of the patch to the next, at most the patch")]

    @field_validator("stride")
    @classmethod
    def _leaves_nothing_out(cls, stride: int, known: ValidationInfo) -> int:
        if stride > (patch := known.data.get("patch", stride)):
            raise ValueError(f"a patch of {patch} pixels would leave some out; set at most {patch}")
        return stride


class Explain(Settings):
    """The heatmaps."""

    pictures: Annotated[int, Field(ge=1, description="pictures shown a cluster and outcome")]
    panel: Annotated[int, Field(ge=1, description="pictures shown of each outcome, and of the most confident errors")]
    occlusion: Occlusion
    random_networks: Annotated[int, Field(ge=3, description="networks with random weights that heat is compared with")]
    faithfulness_pictures: Annotated[
        int, Field(ge=10, description="test pictures on which it is tested whether the maps are honest")
    ]


class Audit(Settings):
    """What can be told from how pictures were made and saved, without looking at the art."""

    margin: Annotated[float, Field(ge=0, lt=0.5, description="balanced accuracy beyond chance that is warned of")]
    pictures: Annotated[int, Field(ge=100, description="at most so many, drawn evenly from the sources")]


class Robustness(Settings):
    """Test pictures that are changed a little."""

    pictures: Annotated[int, Field(ge=10, description="at most so many test pictures, drawn evenly")]
    picked: Annotated[
        str | None, Field(min_length=1, description="a folder or archive of hand-picked pictures; null: none")
    ]


class Seeds(Settings):
    """Variants that are trained again, to see how much is chance."""

    variants: Annotated[list[str], Field(description="which of `variants`")]
    repeats: Annotated[int, Field(ge=1, description="so many times, each from another seed")]


class Arms(Settings):
    """Variants that are trained again, with one thing changed; they are judged, and not explained."""

    seeds: Seeds
    leave_one_generator_out: Annotated[list[str], Field(description="which of `variants`, once without each generator")]


class External(Settings):
    """Pictures from elsewhere that test, and never train."""

    title: Annotated[str, Field(description="how the report calls them")]
    source: Annotated[str, Field(min_length=1, description="a folder, a zip or tar archive")]
    labels: Annotated[list[LabelRule], Field(min_length=1, description="as those of the collection")]


class Config(Settings):
    """All settings of a run."""

    collection: Collection
    splits: dict[Name, Split]
    recipes: dict[Name, Recipe]
    variants: dict[Name, Variant]
    pretrained: Pretrained
    budget: Budget
    latent: Latent
    explain: Explain
    audit: Audit
    robustness: Robustness
    arms: Arms
    external: Annotated[External | None, Field(description="a further test set; null: none")]
    seed: Annotated[int, Field(ge=0, lt=2**32, description="start of every random draw")]
    device: Annotated[Literal["cpu", "cuda", "mps", "auto"], Field(description="where networks compute")]
    devices: Annotated[int, Field(ge=1, description="so many of a machine train and infer a network together")]
    nodes: Annotated[int, Field(ge=1, description="so many machines do, each with its `devices`, by Slurm")]

    @field_validator("devices", "nodes")
    @classmethod
    def _of_its_kind(cls, number: int, known: ValidationInfo) -> int:
        if known.data.get("device") == "mps" and number > 1:
            raise ValueError("mps computes alone; set 1, or another device")
        return number

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, values: dict[str, Any]) -> dict[str, Any]:
        """An overlay takes a split, recipe or variant away by setting it to null; a variant's arms go with it."""
        groups = {key: values[key] for key in ("splits", "recipes", "variants") if isinstance(values.get(key), dict)}
        gone = [name for name, entry in groups.get("variants", {}).items() if entry is None]
        return (
            values
            | {
                key: {name: entry for name, entry in group.items() if entry is not None}
                for key, group in groups.items()
            }
            | ({"arms": _without(values["arms"], gone)} if "arms" in values else {})
        )

    @cached_property
    def generators(self) -> list[str]:
        """The sources of AI pictures that the labels name."""
        return list(dict.fromkeys(rule.source for rule in self.collection.labels if rule.origin == "ai"))

    @cached_property
    def trained(self) -> "Config":
        """These settings with the arms among the variants and their splits among the splits.

        `+` is in no name that a person may give.
        """
        variants, splits = dict(self.variants), dict(self.splits)
        for name in self.arms.seeds.variants:
            for number in range(1, self.arms.seeds.repeats + 1):
                variants[f"{name}+seed-{number}"] = self.variants[name]
        for name in self.arms.leave_one_generator_out if len(self.generators) > 1 else []:
            variant = self.variants[name]
            for source in self.generators:
                split = f"{variant.split}+without-{source}"
                left_out = [*self.splits[variant.split].exclude_sources, source]
                splits[split] = self.splits[variant.split].model_copy(update={"exclude_sources": left_out})
                variants[f"{name}+without-{source}"] = variant.model_copy(update={"split": split})
        return self.model_copy(update={"variants": variants, "splits": splits})

    def recipe(self, variant: str) -> Recipe:
        """The recipe of a variant under the budget.

        Where there are no weights to begin from it is not pretrained, and nothing of it is frozen.
        """
        recipe, budget = self.recipes[self.variants[variant].recipe], self.budget
        caps = {"image_size": budget.max_image_size, "epochs": budget.epochs, "batch_size": budget.batch_size}
        capped: dict[str, Any] = {key: min(getattr(recipe, key), cap) for key, cap in caps.items() if cap}
        if recipe.fine_tuning and budget.epochs:
            epochs = min(recipe.fine_tuning.epochs, budget.epochs)
            capped["fine_tuning"] = recipe.fine_tuning.model_copy(update={"epochs": epochs})
        if recipe.pretrained and self.pretrained.source == "none" and recipe.architecture not in self.pretrained.files:
            capped |= {"pretrained": False, "trainable_layers": None, "fine_tuning": None}
        return recipe.model_copy(update=capped)


def _without(value: Any, names: list[str]) -> Any:
    """Nested settings whose lists lack some names."""
    if isinstance(value, dict):
        return {key: _without(inner, names) for key, inner in value.items()}
    return [entry for entry in value if entry not in names] if isinstance(value, list) else value


def typed(value: Any) -> Any:
    """Read each text in nested settings as YAML would, as `3` a number and `null` nothing."""
    if isinstance(value, dict):
        return {key: typed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [typed(inner) for inner in value]
    try:
        return yaml.safe_load(value) if isinstance(value, str) else value
    except yaml.YAMLError:
        return value


def load(values: dict[str, Any], files: Iterable[str | Path]) -> Config:
    """Check the merged settings `values`, which came from `files` (the last one wins) and the command line.

    Raises `UserError` with one line a mistake: the file, the key, what is wrong, and the nearest valid key.
    """
    files = list(files)
    try:
        config = Config.model_validate(values, strict=True)
    except ValidationError as error:
        found = mistakes(error, Config, RENAMED)
    else:
        found = list(_dangling(config))
    if found:
        contents = {str(file): yaml.safe_load(Path(file).read_text(encoding="utf-8")) for file in files}
        raise UserError(
            "\n".join(f"{_file_of(loc, values, contents)}: {spell(loc)}: {reason}" for loc, reason in found)
        )
    return config


def _dangling(config: Config) -> Iterable[tuple[Location, str]]:
    """What types alone cannot tell: references by name that lead nowhere, and settings that exclude one another."""
    if config.collection.kind == "sample" and config.collection.sha256:
        yield ("collection", "sha256"), "the sample is drawn and has none to check; set it to null"
    if not config.variants:
        yield ("variants",), "no variant to train; name one"
    for name, variant in config.variants.items():
        for key, reason in _variant_mistakes(config, variant):
            yield ("variants", name, key), reason
    yield from _arm_mistakes(config)
    used = {variant.recipe for variant in config.variants.values()}
    for name in config.pretrained.files:
        if not registry.exists(name):
            yield ("pretrained", "files", name), _no_architecture(name)
    for name, recipe in config.recipes.items():
        if not registry.exists(value := recipe.architecture):
            yield ("recipes", name, "architecture"), _no_architecture(value)
            continue
        if recipe.momentum and recipe.optimizer != "sgd":
            yield (
                ("recipes", name, "momentum"),
                f"{recipe.optimizer} takes none; leave it out, or set optimizer: sgd",
            )
        if recipe.pretrained and "/" not in value and value not in config.pretrained.files:
            reason = f"there are no published weights of {value}: name a file of them in pretrained.files, or set false"
            yield ("recipes", name, "pretrained"), reason
        least = registry.minimum_size(value)
        if recipe.image_size < least:
            yield ("recipes", name, "image_size"), f"{value} cannot take pictures of less than {least} pixels"
        elif (pixels := config.budget.max_image_size) is not None and pixels < least and name in used:
            yield (
                ("budget", "max_image_size"),
                f"{value} of the recipe {name} cannot take pictures of less than {least} pixels",
            )


def _arm_mistakes(config: Config) -> Iterable[tuple[Location, str]]:
    for loc, names in (
        (("arms", "seeds", "variants"), config.arms.seeds.variants),
        (("arms", "leave_one_generator_out"), config.arms.leave_one_generator_out),
    ):
        for place, name in enumerate(names):
            if name not in config.variants:
                yield (*loc, place), f"no such variant: {name!r}{nearest(name, config.variants)}"
            elif loc[-1] == "leave_one_generator_out" and {"source", "folder"} & set(
                TASKS[task := config.variants[name].task]
            ):
                yield (*loc, place), f"a network of the task {task} has no word for a generator that it never saw"


def _variant_mistakes(config: Config, variant: Variant) -> Iterable[tuple[str, str]]:
    for key, known in (("split", config.splits), ("recipe", config.recipes)):
        if (value := getattr(variant, key)) not in known:
            yield key, f"no such {key}: {value!r}{nearest(value, known)}"
    styled = any(rule.style or "style" in re.compile(rule.folder).groupindex for rule in config.collection.labels)
    if "style" in TASKS[variant.task] and not styled:
        yield "task", f"no rule of collection.labels gives a style, so there is no task {variant.task!r}"
    recipe = config.recipes.get(variant.recipe)
    if recipe and recipe.loss == ONE_LOGIT and variant.task != "origin":
        reason = f"the loss of the recipe {variant.recipe} tells two classes apart"
        yield "task", f"{reason}: set loss: cross-entropy there, or task: origin, not {variant.task!r}"


def _no_architecture(name: str) -> str:
    library = name.rpartition("/")[0]
    known = [known for known in registry.names() if known.startswith(f"{library}/") or not library]
    if library == "timm" and not known:
        return f"{name!r} needs the package timm: install it with `uv sync --extra timm`"
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    own = ", ".join(name for name in registry.names() if "/" not in name)
    hint = f"did you mean {close[0]!r}?" if close else f"known: {own}, torchvision/MODEL and timm/MODEL"
    return f"no such architecture: {name!r}; {hint}"


_ABSENT = object()


def _file_of(loc: Location, values: Any, contents: dict[str, Any]) -> str:
    """The last file that holds the key at `loc` with the value in force; the command line when none does.

    A section counts wherever it is set, for it is merged, unlike a list. A missing key is the first file's that has
    its section.
    """
    missing = 0
    while (value := _at(values, loc[: len(loc) - missing])) is _ABSENT:
        missing += 1
    merged = isinstance(value, dict) and not any(isinstance(step, int) for step in loc)

    def holds(content: Any) -> bool:
        found = _at(content, loc[: len(loc) - missing])
        return found == value or (merged and isinstance(found, dict))

    files = [file for file, content in contents.items() if holds(content)] or ["--config"]
    return files[0] if missing else files[-1]


def _at(node: Any, loc: Location) -> Any:
    """What `node` holds at `loc`, or `_ABSENT`."""
    for step in loc:
        try:
            node = node[step]
        except (KeyError, IndexError, TypeError):
            return _ABSENT
    return node


def schema() -> dict[str, Any]:
    """The JSON Schema of a file of settings, for editors: an overlay may leave keys out, and take entries away."""
    whole = Config.model_json_schema()
    for section in (whole, *whole["$defs"].values()):
        if section.get("title") != LabelRule.__name__:
            section.pop("required", None)
        for field in section["properties"].values():
            for pattern, entry in field.get("patternProperties", {}).items():
                field["patternProperties"][pattern] = {"anyOf": [entry, {"type": "null"}]}
    return whole


if __name__ == "__main__":
    print(json.dumps(schema(), indent=2))
