"""The settings as typed models, from which the JSON Schema for editors is generated.

`config/README.md` explains every key to users.
"""

import re
from importlib.util import find_spec
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator, model_validator

from brushprint.core.config_errors import Name, Settings
from brushprint.data.taxonomy import Origin, Task
from brushprint.models.recipe import Filter, Recipe

# Keys of version 0.1 and their present names.
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
    """Size of the embedded sample."""

    train: Annotated[int, Field(ge=30, description="number of training pictures")]
    test: Annotated[int, Field(ge=30, description="number of test pictures")]


class LabelRule(Settings):
    """Labels for the pictures in folders of one kind."""

    folder: Annotated[
        str,
        Field(description="regular expression for the whole folder name; a group named `style` gives the style"),
    ]
    origin: Annotated[Origin, Field(description="made by a human or by AI")]
    source: Annotated[Name, Field(description="`human`, or the name of the generator")]
    style: Annotated[str | None, Field(description="art movement, if the folder name does not give it")] = None

    @field_validator("folder")
    @classmethod
    def _check_regular_expression(cls, folder: str) -> str:
        try:
            re.compile(folder)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        return folder


class Harmonise(Settings):
    """One size and encoding for all pictures, so that neither reveals the origin."""

    side: Annotated[
        int, Field(ge=8, le=2048, description="side in pixels of the square that is cut from the middle and resized")
    ]
    resize: Annotated[Filter, Field(description="filter that resizes the square")]
    format: Annotated[Literal["jpeg", "png"], Field(description="file format that the picture passes through")]
    quality: Annotated[int | None, Field(ge=1, le=95, description="JPEG quality; null for PNG")]

    @field_validator("quality")
    @classmethod
    def _check_format(cls, quality: int | None, info: ValidationInfo) -> int | None:
        if (info.data.get("format") == "jpeg") != (quality is not None):
            raise ValueError("must be a number if format is jpeg, and null if format is png")
        return quality


class Collection(Settings):
    """One set of pictures, and how folder names become labels."""

    name: Annotated[Name, Field(description="name of the folder for its results")]
    title: Annotated[str, Field(description="title in the report")]
    source: Annotated[
        str,
        Field(
            min_length=1,
            description="`sample`, a folder, a zip or tar archive, an http(s) address or `kaggle:owner/dataset`",
        ),
    ]
    sha256: Annotated[Sha256 | None, Field(description="SHA-256 checksum of the archive; null: not checked")]
    sample: Annotated[Sample, Field(description="size of the sample, if `source` is `sample`")]
    labels: Annotated[list[LabelRule], Field(min_length=1, description="tried in order, deepest folder first")]
    max_rejected: Annotated[
        float, Field(ge=0, le=1, description="share of unreadable pictures above which the run stops")
    ]
    harmonise: Annotated[
        Harmonise | None, Field(description="bring all pictures to one size and encoding; null: leave them as they are")
    ]

    @field_validator("source")
    @classmethod
    def _check_address(cls, source: str) -> str:
        if "://" in source and not source.lower().startswith(("http://", "https://")):
            raise ValueError("an address must begin with http:// or https://")
        return source

    @property
    def kind(self) -> Literal["sample", "kaggle", "url", "local"]:
        """Where the pictures come from: drawn by the package, Kaggle, another address, or this machine."""
        if self.source == "sample":
            return "sample"
        if self.source.startswith("kaggle:"):
            return "kaggle"
        return "url" if "://" in self.source else "local"


class Subsample(Settings):
    """Equally many pictures of each class for training and validation."""

    task: Annotated[Task, Field(description="what the classes are")]
    pictures: Annotated[
        int | None,
        Field(
            ge=1, description="pictures of each class, test pictures not counted; null: as many as the smallest class"
        ),
    ]


class Oversample(Settings):
    """Augmented copies that fill up the rarer origin until human and AI pictures are equally many."""

    rotation: Annotated[float, Field(ge=0, le=180, description="largest rotation of a copy, in degrees")]
    horizontal_flip: Annotated[float, Field(ge=0, le=1, description="probability that a copy is mirrored")]
    zoom: Annotated[
        float, Field(ge=0, lt=1, description="a copy shows up to this share more or less of the picture's side")
    ]


class Split(Settings):
    """Which pictures train, validate and test."""

    published: Annotated[bool, Field(description="use the train and test folders of the collection")]
    test: Annotated[Share, Field(description="share of test pictures, unless the published split is used")]
    validation: Annotated[Share, Field(description="share of the training pictures that is set aside for validation")]
    exclude_folders: Annotated[list[str], Field(description="folders whose pictures are left out")]
    exclude_sources: Annotated[
        list[Name], Field(description="sources whose pictures neither train nor validate; they still test")
    ]
    near_duplicates: Annotated[
        Literal["keep", "drop"],
        Field(description="keep or drop training pictures of a published split that are near duplicates of test ones"),
    ]
    subsample: Annotated[Subsample | None, Field(description="equally many pictures of each class; null: all pictures")]
    oversample: Annotated[Oversample | None, Field(description="augmented copies of the rarer origin; null: none")]


class WeightsFile(Settings):
    """A file of pretrained weights."""

    path: Annotated[str, Field(min_length=1, description="a safetensors file, or a state dict saved by PyTorch")]
    sha256: Annotated[Sha256, Field(description="SHA-256 checksum of the file")]


class Pretrained(Settings):
    """Where pretrained weights come from."""

    source: Annotated[
        Literal["hub", "none"], Field(description="`hub`: download them; `none`: start from random weights")
    ]
    files: Annotated[dict[str, WeightsFile], Field(description="files by architecture, used instead of `source`")]


class Variant(Settings):
    """A network to train: a task, a split and a recipe under one name."""

    task: Annotated[Task, Field(description="what the classes are")]
    split: Annotated[str, Field(description="one of `splits`")]
    recipe: Annotated[str, Field(description="one of `recipes`")]


class Budget(Settings):
    """Upper limits that let every published recipe run small; null lifts a limit."""

    images: Annotated[int | None, Field(ge=1, description="pictures of the collection, the same share of every folder")]
    max_image_size: Annotated[int | None, Field(ge=8, description="side of the square input, in pixels")]
    epochs: Annotated[int | None, Field(ge=1, description="epochs in each phase of training")]
    batch_size: Annotated[int | None, Field(ge=1, description="pictures per training step")]


class Embedding(Settings):
    """The map of the test pictures in two dimensions."""

    method: Annotated[Literal["tsne", "umap"], Field(description="`tsne`, or `umap`, which is an optional dependency")]
    pictures: Annotated[int, Field(ge=10, description="largest number of pictures, drawn evenly from the classes")]
    perplexity: Annotated[
        float,
        Field(ge=2, allow_inf_nan=False, description="perplexity of t-SNE, or number of neighbours of UMAP"),
    ]

    @field_validator("method")
    @classmethod
    def _check_installed(cls, method: str) -> str:
        if method == "umap" and not find_spec("umap"):
            raise ValueError("must be tsne unless umap-learn is installed (`uv sync --extra umap`)")
        return method


class Latent(Settings):
    """The analysis of the features that the networks learned."""

    features: Annotated[Literal["pool", "penultimate"], Field(description="layer to analyse")]
    variance: Annotated[Share, Field(description="share of the variance that the larger PCA keeps")]
    clusters: Annotated[int, Field(ge=2, description="k of k-means")]
    permutations: Annotated[
        int, Field(ge=20, description="random tables that show which contents of clusters chance would give")
    ]
    refits: Annotated[
        int, Field(ge=20, description="fits to shuffled components that show how well chance would separate clusters")
    ]
    embedding: Embedding


class Occlusion(Settings):
    """The grey patch that slides over a picture; sizes are in pixels of a picture of 128 a side."""

    patch: Annotated[int, Field(ge=1, le=128, description="side of the patch")]
    stride: Annotated[int, Field(ge=1, description="step between two places of the patch, at most `patch`")]

    @field_validator("stride")
    @classmethod
    def _check_coverage(cls, stride: int, info: ValidationInfo) -> int:
        if stride > (patch := info.data.get("patch", stride)):
            raise ValueError(f"a patch of {patch} pixels would skip parts of the picture; set at most {patch}")
        return stride


class Explain(Settings):
    """The heatmaps."""

    pictures: Annotated[int, Field(ge=1, description="pictures shown per cluster and outcome")]
    panel: Annotated[int, Field(ge=1, description="pictures shown per outcome, and of the most confident errors")]
    occlusion: Occlusion
    random_networks: Annotated[
        int, Field(ge=3, description="networks with random weights whose heatmaps serve as a baseline")
    ]
    faithfulness_pictures: Annotated[
        int, Field(ge=10, description="test pictures that the heatmaps' faithfulness is tested on")
    ]


class Audit(Settings):
    """Dataset shortcuts: how well the origin can be predicted without looking at the art."""

    margin: Annotated[
        float, Field(ge=0, lt=0.5, description="balanced accuracy above 0.5 by more than this raises a warning")
    ]
    pictures: Annotated[int, Field(ge=100, description="largest number of pictures, drawn evenly from the sources")]


class Robustness(Settings):
    """Predictions for corrupted test pictures."""

    pictures: Annotated[int, Field(ge=10, description="largest number of test pictures, drawn evenly")]
    picked: Annotated[
        str | None, Field(min_length=1, description="a folder or archive of hand-picked pictures; null: none")
    ]


class Seeds(Settings):
    """Variants that are retrained with other seeds, to show how much results vary by chance."""

    variants: Annotated[list[str], Field(description="names of `variants`")]
    repeats: Annotated[int, Field(ge=1, description="number of further trainings, each with its own seed")]


class Arms(Settings):
    """Variants that are retrained with one thing changed; they are evaluated, but not explained."""

    seeds: Seeds
    leave_one_generator_out: Annotated[
        list[str], Field(description="names of `variants`, each retrained without every generator in turn")
    ]


class External(Settings):
    """Pictures from elsewhere that test, but never train."""

    title: Annotated[str, Field(description="title in the report")]
    source: Annotated[str, Field(min_length=1, description="a folder, or a zip or tar archive")]
    labels: Annotated[list[LabelRule], Field(min_length=1, description="as in `collection`")]


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
    external: Annotated[External | None, Field(description="an additional test set; null: none")]
    seed: Annotated[int, Field(ge=0, lt=2**32, description="seed of every random draw")]
    device: Annotated[Literal["cpu", "cuda", "mps", "auto"], Field(description="device that networks compute on")]
    devices: Annotated[int, Field(ge=1, description="devices of a machine that train and infer one network together")]
    nodes: Annotated[
        int, Field(ge=1, description="machines that do so together, each with its `devices`, in one Slurm job")
    ]
    fork_server: Annotated[
        bool, Field(description="start jobs as copies of a process that has imported their libraries")
    ]

    @field_validator("devices", "nodes")
    @classmethod
    def _check_device(cls, number: int, info: ValidationInfo) -> int:
        if info.data.get("device") == "mps" and number > 1:
            raise ValueError("mps cannot share a network between devices; set 1, or another device")
        return number

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Remove splits, recipes and variants that an overlay sets to null, and with a variant its arms."""
        groups = {key: values[key] for key in ("splits", "recipes", "variants") if isinstance(values.get(key), dict)}
        removed = [name for name, entry in groups.get("variants", {}).items() if entry is None]
        kept = {
            key: {name: entry for name, entry in group.items() if entry is not None} for key, group in groups.items()
        }
        if "arms" in values:
            kept["arms"] = _without(values["arms"], removed)
        return values | kept


def _without(value: Any, names: list[str]) -> Any:
    """A copy of nested settings whose lists no longer hold `names`."""
    if isinstance(value, dict):
        return {key: _without(inner, names) for key, inner in value.items()}
    return [entry for entry in value if entry not in names] if isinstance(value, list) else value
