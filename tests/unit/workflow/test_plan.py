"""The plan of a run is derived from the settings alone."""

from dataclasses import FrozenInstanceError
from typing import Any

import pytest
import yaml
from snakemake.utils import update_config

from brushprint.settings.loading import load
from brushprint.workflow.plan import Plan
from tests.conftest import REPOSITORY

SHIPPED = [REPOSITORY / "config" / name for name in ("config.yaml", "recipes.yaml")]


def plan_of(*changes: str) -> Plan:
    """The plan of the shipped settings, with the changes that YAML texts contain."""
    values: dict[str, Any] = {}
    for text in (*(file.read_text(encoding="utf-8") for file in SHIPPED), *changes):
        update_config(values, yaml.safe_load(text))
    return Plan(load(values, SHIPPED))


DEFAULT = plan_of()


def test_a_plan_is_immutable() -> None:
    with pytest.raises(FrozenInstanceError):
        DEFAULT.config = None  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        DEFAULT.variants["cifake-32"].seed = 1  # type: ignore[misc]


def test_every_folder_is_named_for_the_collection() -> None:
    plan = plan_of("collection: {name: mine}")
    folders = (plan.results, plan.records, plan.scratch, plan.logs, plan.exports)
    assert folders == ("results/mine", "records/mine", "scratch/mine", "logs/mine", "exports/mine")
    assert plan.variant.format(variant="a") == "results/mine/variants/a"


def test_a_seed_follows_from_the_settings_seed_and_the_name() -> None:
    assert DEFAULT.seed_of("cifake-32") == 3443328801
    assert len({DEFAULT.seed_of("a"), DEFAULT.seed_of("b"), plan_of("seed: 1").seed_of("a")}) == 3


def test_the_variants_of_the_settings_come_first_and_have_no_parent() -> None:
    assert list(DEFAULT.variants)[: len(DEFAULT.names)] == DEFAULT.names == list(DEFAULT.config.variants)
    assert all(DEFAULT.variants[name].parent is None for name in DEFAULT.names)


def test_a_variant_is_retrained_from_other_seeds_without_each_generator_and_on_harmonised_pictures() -> None:
    retrained = {variant.name: variant for variant in DEFAULT.retrained}
    assert list(retrained) == [
        *("cifake-32+seed-1", "cifake-32+seed-2"),
        *("cifake-32+without-latent_diffusion", "cifake-32+without-stable_diffusion"),
        *("encoder-origin+without-latent_diffusion", "encoder-origin+without-stable_diffusion"),
        "encoder-origin+harmonised",
    ]
    parent = DEFAULT.variants["cifake-32"]
    again, without = retrained["cifake-32+seed-1"], retrained["cifake-32+without-latent_diffusion"]
    assert (again.parent, again.exclude_sources, again.split) == ("cifake-32", (), parent.split)
    assert (without.parent, without.exclude_sources) == ("cifake-32", ("latent_diffusion",))
    assert without.split == "balanced+without-latent_diffusion"
    assert all(variant.recipe == DEFAULT.variants[variant.parent].recipe for variant in retrained.values())
    assert all(variant.seed == DEFAULT.seed_of(name) for name, variant in retrained.items())
    harmonised = retrained.pop("encoder-origin+harmonised")
    assert DEFAULT.arms == ["cifake-32", "encoder-origin", *retrained]
    assert DEFAULT.harmonised == ["encoder-origin"]
    assert harmonised.array == {"split": "natural", "size": 32, "resize": "harmonised-crop"}
    assert DEFAULT.encoder_of(harmonised.name) != DEFAULT.encoder_of("encoder-origin")
    assert DEFAULT.harmonise_of("crop") is None
    assert DEFAULT.harmonise_of("harmonised-crop") == {
        **{"side": 224, "resize": "lanczos", "format": "jpeg", "quality": 90}
    }


def test_no_variant_is_harmonised_again_if_the_collection_is() -> None:
    plan = plan_of("collection: {harmonise: {side: 64, resize: lanczos, format: png, quality: null}}")
    assert plan.harmonised == []
    assert plan.harmonise_of("crop")["side"] == 64


def released(**dates: str) -> Plan:
    rules = [f"{{folder: {name}, origin: ai, source: {name}, released: {date}}}" for name, date in dates.items()]
    rules.append("{folder: new, origin: ai, source: undated}")
    rules.append("{folder: h, origin: human, source: human}")
    styled = [name for name, variant in DEFAULT.variants.items() if "style" in variant.task]
    nulls = ", ".join(f"{name}: null" for name in styled)
    return plan_of(f"collection: {{labels: [{', '.join(rules)}]}}", f"variants: {{{nulls}}}")


def test_where_labels_tell_an_order_a_variant_is_trained_on_the_past_and_tested_on_the_next_generator() -> None:
    plan = released(first="2021", second="2022-08", third="2022", last="2023-01-15")
    before = {name: variant for name, variant in plan.variants.items() if name.startswith("encoder-origin+before-")}
    # A month and the year around it have no order. What an undated generator knew is unknown, so it never trains these.
    assert {variant.unseen: variant.exclude_sources for variant in before.values()} == {
        "second": ("second", "third", "last", "undated"),
        "third": ("second", "third", "last", "undated"),
        "last": ("last", "undated"),
    }
    last = before["encoder-origin+before-last"]
    assert plan.splits[last.split].settings.exclude_sources == ["last", "undated"]
    assert plan.splits[last.split].seed == plan.splits["natural"].seed
    assert not [name for name in released(first="2021", second="2021").variants if "before" in name]


def test_a_split_without_a_generator_has_the_seed_and_settings_of_its_parent() -> None:
    parent, without = DEFAULT.splits["balanced"], DEFAULT.splits["balanced+without-latent_diffusion"]
    assert (without.parent, without.seed) == ("balanced", parent.seed)
    assert without.settings.exclude_sources == ["latent_diffusion"]
    assert without.settings.model_copy(update={"exclude_sources": []}) == parent.settings


def test_a_single_generator_is_not_left_out() -> None:
    rules = "collection: {labels: [{folder: ai, origin: ai, source: ai}, {folder: h, origin: human, source: human}]}"
    changes = "variants: {conv3-source: null, simple-cnn: null, resnet18-frozen: null, resnet18-aggressive: null, "
    changes += "resnet18-augmented: null, resnet18-224: null}"
    plan = plan_of(rules, changes)
    assert plan.generators == ["ai"]
    assert [variant.name for variant in plan.retrained] == [
        *("cifake-32+seed-1", "cifake-32+seed-2", "encoder-origin+harmonised")
    ]


def test_splits_in_use_are_those_of_variants() -> None:
    assert DEFAULT.reported_splits == ["augmented", "balanced", "natural", "per-class"]
    assert set(DEFAULT.used_splits) - set(DEFAULT.reported_splits) == {
        *("balanced+without-latent_diffusion", "balanced+without-stable_diffusion"),
        *("natural+without-latent_diffusion", "natural+without-stable_diffusion"),
    }
    assert DEFAULT.oversampled == ["augmented"]


def test_the_budget_caps_a_recipe_and_never_raises_it() -> None:
    plan = plan_of("budget: {max_image_size: 64, epochs: 12, batch_size: 40}")
    sizes = {name: variant.recipe.image_size for name, variant in plan.variants.items()}
    assert (sizes["tapering-cnn"], sizes["cifake-32"]) == (64, 32)
    assert plan.variants["tapering-cnn"].array == {"split": "natural", "size": 64, "resize": "bilinear"}
    assert [plan.variants[name].recipe.batch_size for name in ("tapering-cnn", "resnet50-finetuned")] == [40, 32]
    full = plan_of("budget: {max_image_size: null, epochs: null, batch_size: null}")
    assert full.variants["tapering-cnn"].recipe == full.config.recipes["tapering-cnn"]
    short = plan_of("budget: {epochs: 3}", "pretrained: {source: hub}")
    assert [phase.epochs for phase in short.variants["resnet50-finetuned"].recipe.phases()] == [3, 3]


def test_without_pretrained_weights_all_layers_are_trained_in_one_phase() -> None:
    recipe = DEFAULT.variants["resnet50-finetuned"].recipe
    assert (recipe.pretrained, recipe.trainable_layers, recipe.fine_tuning) == (False, None, None)
    assert "resnet50-finetuned" in DEFAULT.from_scratch
    assert "cifake-32" not in DEFAULT.from_scratch
    assert [weights.architecture for weights in DEFAULT.weights.values()] == ["timm/tf_efficientnet_lite0"]


@pytest.mark.parametrize(
    ("pretrained", "expected"),
    [
        ("{source: none}", [False, False, False]),
        ("{source: hub}", [True, True, False]),
        (
            f"{{source: none, files: {{torchvision/resnet18: {{path: a.pth, sha256: {'ab' * 32}}}}}}}",
            [True, False, False],
        ),
    ],
)
def test_a_recipe_is_pretrained_and_frozen_only_if_there_are_weights(pretrained: str, expected: list[bool]) -> None:
    plan = plan_of(f"pretrained: {pretrained}", "variants: {encoder-origin: null}")
    recipes = [plan.variants[name].recipe for name in ("resnet18-frozen", "resnet50-finetuned", "conv3-origin")]
    assert [recipe.pretrained for recipe in recipes] == expected
    assert [recipe.trainable_layers is not None for recipe in recipes] == expected


HEADS = "variants: {more: {task: source, split: natural, recipe: encoder-lite0}}"


def test_heads_on_the_same_features_share_an_encoder() -> None:
    plan = plan_of(HEADS, "arms: {leave_one_generator_out: [encoder-origin], harmonised: {variants: []}}")
    assert plan.heads == ["encoder-origin", "more", *(f"encoder-origin+without-{of}" for of in plan.generators)]
    assert set(plan.networks) == set(plan.variants) - set(plan.heads)
    (name,) = plan.encoders
    assert {plan.encoder_of(head) for head in plan.heads} == {plan.seen("more")} == {name}
    assert plan.arrays[name] == plan.encoders[name].array == {"size": 32, "resize": "crop"}
    assert plan.arrays["32-nearest"] == {"size": 32, "resize": "nearest"}
    assert plan.rules_of("more")[:2] == ["fit_head", "infer"] and "encode" in plan.rules_before("more")


def test_an_encoder_is_named_for_what_decides_its_features() -> None:
    def name(*changes: str) -> str:
        return next(iter(plan_of(*changes).encoders))

    same = name("recipes: {encoder-lite0: {class_weights: balanced}}")
    others = [
        name("recipes: {encoder-lite0: {blocks: [1]}}"),
        name("budget: {max_image_size: 64}"),
        name("recipes: {encoder-lite0: {resize: bilinear}}"),
        name(f"pretrained: {{files: {{timm/tf_efficientnet_lite0: {{path: a.pth, sha256: {'ab' * 32}}}}}}}"),
    ]
    assert name() == same and len({same, *others}) == 5


def test_the_name_of_a_set_of_weights_depends_on_what_decides_its_content() -> None:
    plan = plan_of("pretrained: {source: hub}")
    assert plan.from_scratch == []
    names = {plan.weights_of(name) for name in ("resnet18-frozen", "resnet18-224")}
    assert len(names) == 1
    (name,) = names
    assert name and name.startswith("torchvision-resnet18-")
    file = f"pretrained: {{files: {{torchvision/resnet18: {{path: a.pth, sha256: {'ab' * 32}}}}}}}"
    other = plan_of(file).weights_of("resnet18-frozen")
    assert other not in (None, name)
    assert plan_of(file).weights[other].architecture == "torchvision/resnet18"


def test_variants_that_differ_from_the_shipped_settings_are_listed() -> None:
    changed = plan_of("recipes: {conv3: {learning_rate: 0.1}}", "variants: {cifake-32: {split: natural}}")
    assert changed.changed_from(DEFAULT.config) == ["conv3-origin", "conv3-source", "conv3-folder", "cifake-32"]
    assert plan_of("seed: 3").changed_from(DEFAULT.config) == []


def test_splits_with_the_same_test_pictures_share_corrupted_pictures() -> None:
    assert {DEFAULT.tested(name) for name in DEFAULT.used_splits} == {"published-0.2"}
    plan = plan_of("splits: {balanced: {published: false, test: 0.3}}")
    assert plan.tested("balanced") == "drawn-0.3"
    draw = {"pictures": 30, "published": False, "test": 0.3, "test_seed": plan.seed_of("test")}
    assert plan.test_draw("drawn-0.3") == draw
    assert plan.all_tested == ["drawn-0.3", "published-0.2"]


def test_the_largest_variant_has_the_largest_input_image() -> None:
    plan = plan_of("budget: {max_image_size: 256}")
    assert plan.largest().name == "tapering-cnn"
    assert plan.largest("balanced").name == "cifake-128"


@pytest.mark.parametrize(
    ("settings", "cores", "resources"),
    [
        ("device: cpu", 1, {"devices": 1, "nodes": 1}),
        ("devices: 2", 2, {"devices": 2, "nodes": 1}),
        ("{device: cuda, devices: 4}", 4, {"devices": 4, "nodes": 1, "gpu": 4}),
        ("nodes: 2", 1, {"devices": 1, "nodes": 2, "tasks": 2, "mpi": "srun"}),
        (
            "{device: cuda, devices: 4, nodes: 2}",
            1,
            {"devices": 4, "nodes": 2, "tasks": 8, "mpi": "srun", "gres": "gpu:4", "tasks_per_gpu": 0},
        ),
    ],
)
def test_training_and_inference_jobs_request_cluster_resources(settings: str, cores: int, resources: dict) -> None:
    plan = plan_of(settings)
    assert (plan.process_cores, plan.process_resources) == (cores, resources)
    assert plan.gpu == ({"gpu": 1} if "cuda" in settings else {})


def test_the_plan_lists_the_rules_that_the_files_of_a_variant_depend_on() -> None:
    assert DEFAULT.rules_of("cifake-32+seed-1") == ["train", "infer", "predictions"]
    assert "figures" in DEFAULT.rules_of("cifake-32")
    assert DEFAULT.rules_before("cifake-32")[0] == "draw_sample"
    assert "oversample" in DEFAULT.rules_before("resnet50-finetuned")
    assert not {"oversample", "weights", "faces"} & set(DEFAULT.rules_before("cifake-32+seed-1"))
    own = plan_of("pretrained: {source: hub}", "collection: {source: pictures}")
    assert own.rules_before("resnet18-frozen")[0] == "catalogue"
    assert "weights" in own.rules_before("resnet18-frozen")
    assert plan_of("collection: {source: https://example.org/a.zip}").rules_before("cifake-32")[0] == "fetch"
    assert plan_of("collection: {source: 'hf:me/art'}").rules_before("cifake-32")[0] == "fetch_dataset"


def test_the_settings_of_a_retrained_variant_contain_no_analysis_settings() -> None:
    pictures = {"pictures": "sample", "digest": None}
    analysed = DEFAULT.settings_of("cifake-32", pictures)
    judged = DEFAULT.settings_of("cifake-32+without-latent_diffusion", pictures)
    assert set(analysed) - set(judged) == {"latent", "explain", "robustness"}
    assert judged["split"]["name"] == "balanced+without-latent_diffusion"
    assert judged["split"]["exclude_sources"] == ["latent_diffusion"]
    assert "source" not in analysed["collection"]
    assert analysed["weights"] is None
