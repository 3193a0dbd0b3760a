"""The plan of a run: names, paths, seeds and parameters of everything that the rules make.

Rules read one `Plan`, which is built from the settings alone: it opens no file except `collection.labels_file`, and
knows nothing of Snakemake.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from brushprint.core.digest import key
from brushprint.models.recipe import EncoderRecipe, Recipe
from brushprint.settings.checks import has_weights
from brushprint.settings.schema import Config, Split, WeightsFile

# The wildcard `resize` of an array of pictures that are harmonised for a retrained variant begins with this.
HARMONISED = "harmonised-"


@dataclass(frozen=True)
class Variant:
    """A network to train, or a head to fit to the features of an encoder.

    A retrained variant repeats its `parent` with another seed, without some sources, or on harmonised pictures.

    The name of a retrained variant contains `+`, which the settings do not allow in names.
    """

    name: str
    task: str
    split: str
    # The recipe within the limits of the budget, and without pretraining if no weights are available.
    recipe: Recipe | EncoderRecipe
    seed: int
    parent: str | None = None
    exclude_sources: tuple[str, ...] = ()
    # The excluded generator that tests it.
    unseen: str | None = None
    harmonised: bool = False

    @property
    def array(self) -> dict[str, Any]:
        """The wildcards of the pixel array that the network sees: `split`, `size` in pixels, `resize`.

        The latter is the view, which begins with `HARMONISED` if the pictures are harmonised for this variant.
        """
        resize = HARMONISED * self.harmonised + self.recipe.resize
        return {"split": self.split, "size": self.recipe.image_size, "resize": resize}


@dataclass(frozen=True)
class Encoder:
    """A frozen encoder that reads an array of pictures, for all heads with the same `recipe` apart from the head."""

    recipe: EncoderRecipe
    # The name of its set of weights.
    weights: str
    # The wildcards `size` and `resize` of the pixel array that it reads.
    array: Mapping[str, Any]

    @property
    def features(self) -> dict[str, Any]:
        """The settings that decide the features."""
        return self.recipe.model_dump(exclude={"class_weights"})

    @property
    def name(self) -> str:
        """A name that depends on everything that decides the features."""
        decisive = key([self.features, self.weights, self.array["resize"]])
        return f"{self.recipe.encoder.replace('/', '-')}-{decisive[:8]}"


@dataclass(frozen=True)
class PlannedSplit:
    """A split to draw. A retrained variant's split is its `parent`, but the excluded sources are only tested."""

    settings: Split
    seed: int
    parent: str | None = None


@dataclass(frozen=True)
class Weights:
    """Pretrained weights of an architecture: a file that the settings name, or None for the library's hub."""

    architecture: str
    file: WeightsFile | None

    @property
    def stated(self) -> dict[str, str] | None:
        """The `path` and `sha256` of the file."""
        return None if self.file is None else self.file.model_dump()


@dataclass(frozen=True)
class Plan:
    """Everything that a run makes. Every property follows from the settings."""

    config: Config

    # Folders, relative to the checkout. DVC versions the results and records; exports are made on request.

    @property
    def results(self) -> str:
        """Folder of the results."""
        return f"results/{self.config.collection.name}"

    @property
    def scratch(self) -> str:
        """Folder of arrays, checkpoints and caches. It may be deleted at any time."""
        return f"scratch/{self.config.collection.name}"

    @property
    def logs(self) -> str:
        """Folder of the logs of jobs."""
        return f"logs/{self.config.collection.name}"

    @property
    def records(self) -> str:
        """Folder of the digests of the results that each finished job wrote."""
        return f"records/{self.config.collection.name}"

    @property
    def exports(self) -> str:
        """Folder of the files that are made from results on request: ONNX files, the page, the PDF."""
        return f"exports/{self.config.collection.name}"

    @property
    def variant(self) -> str:
        """Folder of a variant's results, with the wildcard `variant`."""
        return f"{self.results}/variants/{{variant}}"

    # Seeds

    def seed_of(self, name: str) -> int:
        """The seed for a named purpose, 0 to 2**32 - 1, derived from the settings' seed and the name."""
        return int.from_bytes(hashlib.sha256(f"{self.config.seed} {name}".encode()).digest()[:4])

    # Pictures

    @property
    def synthetic(self) -> bool:
        """Whether the collection is the embedded sample."""
        return self.config.collection.kind == "sample"

    @property
    def harmonise(self) -> dict[str, Any] | None:
        """How every picture is harmonised before a network sees it; None if pictures stay unchanged."""
        harmonise = self.config.collection.harmonise
        return None if harmonise is None else harmonise.model_dump()

    def harmonise_of(self, resize: str) -> dict[str, Any] | None:
        """How pictures are harmonised for a pixel array with the wildcard `resize`."""
        if not resize.startswith(HARMONISED):
            return self.harmonise
        return self.config.arms.harmonised.model_dump(exclude={"variants"})

    @property
    def states(self) -> list[str]:
        """The states of the pictures in which shortcut features are measured."""
        return ["raw", "harmonised"] if self.harmonise else ["raw"]

    @cached_property
    def generators(self) -> list[str]:
        """The sources of AI pictures that the labels name."""
        return self.config.collection.generators

    # Variants and splits

    @property
    def names(self) -> list[str]:
        """The variants of the settings, in that order. Only these variants are analysed and reported."""
        return list(self.config.variants)

    @cached_property
    def variants(self) -> dict[str, Variant]:
        """Every network to train, by name: the variants of the settings, then the retrained ones."""
        variants = {
            name: Variant(name, variant.task, variant.split, self.recipe(name), self.seed_of(name))
            for name, variant in self.config.variants.items()
        }
        for parent in self.config.arms.seeds.variants:
            for number in range(1, self.config.arms.seeds.repeats + 1):
                name = f"{parent}+seed-{number}"
                variants[name] = replace(variants[parent], name=name, parent=parent, seed=self.seed_of(name))
        for parent in self._left_out:
            for left_out, (source, excluded) in self._unseen.items():
                name = f"{parent}+{left_out}"
                variants[name] = replace(
                    variants[parent],
                    name=name,
                    split=f"{variants[parent].split}+{left_out}",
                    seed=self.seed_of(name),
                    parent=parent,
                    exclude_sources=excluded,
                    unseen=source,
                )
        for parent in [] if self.harmonise else self.config.arms.harmonised.variants:
            name = f"{parent}+harmonised"
            seed = self.seed_of(name)
            variants[name] = replace(variants[parent], name=name, seed=seed, parent=parent, harmonised=True)
        return variants

    @property
    def candidates(self) -> list[str]:
        """The variants of which one is recommended: those of the task `origin` or, if there is none, all."""
        return [name for name in self.names if self.variants[name].task == "origin"] or self.names

    @cached_property
    def _unseen(self) -> dict[str, tuple[str, tuple[str, ...]]]:
        """By name, each generator to test as an unseen one, and the generators to exclude from training.

        Each generator is excluded in turn and, where the labels tell which ones were released earlier, all but these.
        """
        left_out: dict[str, tuple[str, tuple[str, ...]]] = {
            f"without-{source}": (source, (source,)) for source in self.generators
        }
        for source in self.generators:
            earlier = self.config.collection.earlier(source)
            excluded = tuple(name for name in self.generators if name not in earlier)
            if earlier and len(excluded) > 1:
                left_out[f"before-{source}"] = source, excluded
        return left_out

    @property
    def _left_out(self) -> list[str]:
        """The variants to retrain without each generator; none if the collection has only one generator."""
        return self.config.arms.leave_one_generator_out if len(self.generators) > 1 else []

    @property
    def retrained(self) -> list[Variant]:
        """The retrained variants, which are tested but not analysed."""
        return [variant for variant in self.variants.values() if variant.parent]

    @property
    def arms(self) -> list[str]:
        """The names of the variants that are retrained, sorted, followed by the names of their retrained versions."""
        retrained = [variant for variant in self.retrained if not variant.harmonised]
        parents = sorted({variant.parent for variant in retrained if variant.parent})
        return [*parents, *(variant.name for variant in retrained)]

    @property
    def harmonised(self) -> list[str]:
        """The variants that are retrained on harmonised pictures."""
        return [variant.parent for variant in self.retrained if variant.harmonised and variant.parent]

    @cached_property
    def splits(self) -> dict[str, PlannedSplit]:
        """The splits of the settings and of the retrained variants, by name."""
        splits = {name: PlannedSplit(split, self.seed_of(name)) for name, split in self.config.splits.items()}
        for parent in self._left_out:
            name = self.config.variants[parent].split
            split = self.config.splits[name]
            for left_out, (_, excluded) in self._unseen.items():
                without = split.model_copy(update={"exclude_sources": [*split.exclude_sources, *excluded]})
                # The parent's seed draws the same pictures, so that the two networks differ only in the sources.
                splits[f"{name}+{left_out}"] = PlannedSplit(without, self.seed_of(name), parent=name)
        return splits

    @cached_property
    def reported_splits(self) -> list[str]:
        """The splits of the variants of the settings, sorted."""
        return sorted({self.variants[name].split for name in self.names})

    @property
    def cross_validated(self) -> list[str]:
        """The splits whose folds, if they have any, are used: those of heads."""
        return sorted({self.variants[name].split for name in self.heads})

    @cached_property
    def used_splits(self) -> list[str]:
        """The splits of all variants, retrained ones included, sorted."""
        return sorted({variant.split for variant in self.variants.values()})

    @cached_property
    def oversampled(self) -> list[str]:
        """The splits of all variants that have augmented copies, sorted."""
        return [name for name in self.used_splits if self.splits[name].settings.oversample]

    def recipe(self, name: str) -> Recipe | EncoderRecipe:
        """The recipe of a variant of the settings, with the limits of the budget.

        If no pretrained weights are available, the network is not pretrained, and all layers are trained in one phase.
        """
        recipe, budget = self.config.recipes[self.config.variants[name].recipe], self.config.budget
        if isinstance(recipe, EncoderRecipe):
            sizes = (size for size in (recipe.image_size, budget.max_image_size) if size)
            return recipe.model_copy(update={"image_size": min(sizes)})
        caps = {"image_size": budget.max_image_size, "epochs": budget.epochs, "batch_size": budget.batch_size}
        capped: dict[str, Any] = {setting: min(getattr(recipe, setting), cap) for setting, cap in caps.items() if cap}
        if recipe.fine_tuning and budget.epochs:
            epochs = min(recipe.fine_tuning.epochs, budget.epochs)
            capped["fine_tuning"] = recipe.fine_tuning.model_copy(update={"epochs": epochs})
        if recipe.pretrained and not has_weights(self.config, recipe.architecture):
            capped |= {"pretrained": False, "trainable_layers": None, "fine_tuning": None}
        return recipe.model_copy(update=capped)

    @property
    def from_scratch(self) -> list[str]:
        """The variants that start from random weights although their recipe asks for pretrained weights."""
        published = {name: self.config.recipes[variant.recipe] for name, variant in self.config.variants.items()}
        return [name for name in self.names if published[name].pretrained and not self.variants[name].recipe.pretrained]

    def changed_from(self, shipped: Config) -> list[str]:
        """The variants whose task, split or recipe differs from the settings `shipped`, or that are missing there."""

        def decisive(config: Config, name: str) -> tuple[Any, ...] | None:
            if not (variant := config.variants.get(name)):
                return None
            return variant.task, config.splits[variant.split], config.recipes[variant.recipe]

        return [name for name in self.names if decisive(self.config, name) != decisive(shipped, name)]

    # Pretrained weights

    @cached_property
    def weights(self) -> dict[str, Weights]:
        """The sets of pretrained weights to fetch or read, by name.

        The folder data/ is not versioned, so the name of a set depends on everything that decides its content.
        """
        sets = {}
        for variant in self.variants.values():
            if name := self.weights_of(variant.name):
                architecture = variant.recipe.architecture
                sets[name] = Weights(architecture, self.config.pretrained.files.get(architecture))
        return sets

    def weights_of(self, variant: str) -> str | None:
        """The name of the set of weights that a variant starts from; None for random weights."""
        recipe = self.variants[variant].recipe
        if not recipe.pretrained:
            return None
        file = self.config.pretrained.files.get(recipe.architecture)
        decisive = file.sha256 if file else self.config.pretrained.source
        return f"{recipe.architecture.replace('/', '-')}-{key([decisive])[:8]}"

    # Encoders

    @cached_property
    def encoders(self) -> dict[str, Encoder]:
        """The encoders of all variants, by name."""
        return {encoder.name: encoder for name in self.variants if (encoder := self._encoder(name))}

    def encoder_of(self, variant: str) -> str | None:
        """The name of the encoder whose features a variant's head takes; None for a network that is trained."""
        encoder = self._encoder(variant)
        return encoder.name if encoder else None

    def _encoder(self, variant: str) -> Encoder | None:
        recipe = self.variants[variant].recipe
        if not isinstance(recipe, EncoderRecipe):
            return None
        array = self.variants[variant].array
        return Encoder(recipe, self.weights_of(variant) or "", {"size": array["size"], "resize": array["resize"]})

    @property
    def networks(self) -> list[str]:
        """The variants that are trained, retrained ones included."""
        return [name for name in self.variants if not self.encoder_of(name)]

    @property
    def heads(self) -> list[str]:
        """The variants that are heads on the features of an encoder."""
        return [name for name in self.variants if self.encoder_of(name)]

    def seen(self, variant: str) -> str:
        """The name of the array that training reads: that of its encoder, or size and filter of the pixels."""
        array = self.variants[variant].array
        return self.encoder_of(variant) or f"{array['size']}-{array['resize']}"

    @cached_property
    def arrays(self) -> dict[str, dict[str, Any]]:
        """The wildcards `size` and `resize` of the pixels behind each value of `seen`."""
        arrays = {self.seen(name): variant.array for name, variant in self.variants.items()}
        return {seen: {"size": array["size"], "resize": array["resize"]} for seen, array in arrays.items()}

    # Corrupted pictures

    def tested(self, split: str) -> str:
        """What decides the test pictures of a split, as text. Splits with the same text have the same test pictures."""
        settings = self.splits[split].settings
        return f"{'published' if settings.published else 'drawn'}-{settings.test:g}"

    @property
    def all_tested(self) -> list[str]:
        """The distinct values of `tested`, sorted."""
        return sorted({self.tested(split) for split in self.splits})

    def test_draw(self, tested: str) -> dict[str, Any]:
        """The parameters that decide which test pictures are corrupted; see `tested`."""
        kind, _, share = tested.partition("-")
        return {
            "pictures": self.config.robustness.pictures,
            "published": kind == "published",
            "test": float(share),
            "test_seed": self.seed_of("test"),
        }

    def largest(self, split: str | None = None) -> Variant:
        """The variant with the largest input image, among the variants of a split or, without one, of the settings."""
        if split is None:
            return max((self.variants[name] for name in self.names), key=lambda variant: variant.recipe.image_size)
        inside = [variant for variant in self.variants.values() if variant.split == split]
        return max(inside, key=lambda variant: variant.recipe.image_size)

    # Resources

    @property
    def processes(self) -> int:
        """The number of processes that run training or inference of one network together."""
        return self.config.devices * self.config.nodes

    @property
    def gpu(self) -> dict[str, int]:
        """The resources that a job of one network requests from a cluster."""
        return {"gpu": 1} if self.config.device == "cuda" else {}

    @property
    def process_cores(self) -> int:
        """The number of threads of a training or inference job, which may have several processes."""
        return self.config.devices if self.config.nodes == 1 else 1

    @property
    def process_resources(self) -> dict[str, Any]:
        """The resources of a training or inference job. Several nodes run it as tasks of one Slurm job, as with MPI."""
        devices, nodes = self.config.devices, self.config.nodes
        resources: dict[str, Any] = {"devices": devices, "nodes": nodes}
        if nodes == 1:
            return resources | dict.fromkeys(self.gpu, devices)
        resources |= {"tasks": self.processes, "mpi": "srun"}
        if self.gpu:
            # All tasks of a node see all of its GPUs. Otherwise, the executor would take `tasks` as tasks per GPU.
            resources |= {"gres": f"gpu:{devices}", "tasks_per_gpu": 0}
        return resources

    # Provenance

    @property
    def embedding_modules(self) -> list[str]:
        """The modules that the rule `embed` loads by name: UMAP is an optional extra and listed only if used."""
        return ["brushprint.features._umap"] if self.config.latent.embedding.method == "umap" else []

    def rules_of(self, name: str) -> list[str]:
        """The rules that write the files of a variant; a retrained variant is tested but not analysed."""
        judged = ["fit_head" if self.encoder_of(name) else "train", "infer", "predictions"]
        if self.variants[name].parent:
            return judged
        return [*judged, "evaluate", "latent", "embed", "explain", "regions", "robustness", "figures"]

    def rules_before(self, name: str) -> list[str]:
        """The collection's rules that the files of a variant depend on, in the order that data flows."""
        variant = self.variants[name]
        rules = {"local": [], "sample": ["draw_sample"], "hugging face": ["fetch_dataset"]}
        collect = rules.get(self.config.collection.kind, ["fetch"])
        return [
            *collect,
            *("catalogue", "shortcut_features", "near_duplicates", "split", "pixels"),
            *(["oversample"] if variant.split in self.oversampled else []),
            *(["weights"] if variant.recipe.pretrained else []),
            *(["encode"] if self.encoder_of(name) else []),
            *([] if variant.parent else ["faces", "corrupt"]),
        ]

    def settings_of(self, name: str, pictures: Mapping[str, Any]) -> dict[str, Any]:
        """The settings that the files of a variant depend on, for readers of its provenance.

        `pictures` states where the pictures came from, without folders of this machine; see
        `brushprint.workflow.sources.Pictures.about`.
        """
        config, variant = self.config, self.variants[name]
        analysis = config.model_dump(include={"latent": True, "explain": True, "robustness": {"pictures"}})
        file = config.pretrained.files.get(variant.recipe.architecture)
        weights = file.sha256 if file else config.pretrained.source
        return {
            **config.model_dump(include={"seed", "device", "false_alarm_rate"}),
            "processes": self.processes,
            **({} if variant.parent else analysis),
            **({"harmonised": self.harmonise_of(HARMONISED)} if variant.harmonised else {}),
            "collection": config.collection.model_dump(exclude={"title", "source", "labels_file"}) | dict(pictures),
            "images": config.budget.images,
            "task": variant.task,
            "split": {"name": variant.split, **self.splits[variant.split].settings.model_dump()},
            "recipe": variant.recipe.model_dump(),
            "weights": weights if variant.recipe.pretrained else None,
        }
