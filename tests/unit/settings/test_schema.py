"""The settings: what is accepted, and that each mistake is one line that names the file, the key and the remedy."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from brushprint.core.errors import UserError
from brushprint.models.architectures import registry
from brushprint.models.recipe import Recipe
from brushprint.settings import schema
from tests.conftest import REPOSITORY

SHIPPED = [REPOSITORY / "config" / name for name in ("config.yaml", "recipes.yaml")]

HUB = {"source": "hub"}


def merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Lay settings over others, as Snakemake does: sections are merged, all else is replaced."""
    result = dict(below)
    for key, value in above.items():
        deeper = isinstance(value, dict) and isinstance(below.get(key), dict)
        result[key] = merged(below[key], value) if deeper else value
    return result


def shipped() -> dict[str, Any]:
    settings = {}
    for file in SHIPPED:
        settings = merged(settings, yaml.safe_load(file.read_text(encoding="utf-8")))
    return settings


@pytest.fixture
def complaint(tmp_path: Path) -> Callable[..., str]:
    """What is said of an overlay file, and of the same settings given on the command line, but for the file's name."""

    def complain(text: str) -> str:
        overlay = tmp_path / "overlay.yaml"
        overlay.write_text(text, encoding="utf-8")
        values = merged(shipped(), yaml.safe_load(text))
        said = {}
        for name, files in {str(overlay): [*SHIPPED, overlay], "--config": SHIPPED}.items():
            with pytest.raises(UserError) as raised:
                schema.load(copy.deepcopy(values), files)
            file, said[name] = str(raised.value).split(": ", 1)
            assert file == name
        (one,) = set(said.values())
        assert "\n" not in one
        return one

    return complain


def paths(node: Any, path: tuple = ()) -> Iterator[tuple]:
    for key, value in node.items() if isinstance(node, dict) else []:
        yield (*path, key)
        yield from paths(value, (*path, key))


def test_the_shipped_settings_are_valid():
    settings = schema.load(shipped(), SHIPPED)
    assert settings.collection.kind == "sample"
    assert set(settings.variants) == set(shipped()["variants"])


@pytest.mark.parametrize(
    "overlay",
    sorted({*SHIPPED[0].parent.glob("*.yaml")} - {*SHIPPED, SHIPPED[0].with_name("claims.yaml")}),
    ids=lambda file: file.stem,
)
def test_every_shipped_overlay_is_valid_over_the_default(overlay: Path):
    values = merged(shipped(), yaml.safe_load(overlay.read_text(encoding="utf-8")))
    assert schema.load(values, [*SHIPPED, overlay]).variants


def test_the_schema_for_editors_is_of_these_models():
    written = (SHIPPED[0].parent.parent / "workflow" / "schemas" / "config.schema.json").read_text(encoding="utf-8")
    assert json.loads(written) == schema.schema(), "run `make schema`"


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("sample", "sample"),
        ("kaggle:owner/dataset", "kaggle"),
        ("https://example.org/art.zip", "url"),
        ("data/art.zip", "local"),
        ("C:/art", "local"),
    ],
)
def test_the_source_says_how_pictures_are_come_by(source: str, kind: str):
    assert schema.load(merged(shipped(), {"collection": {"source": source}}), SHIPPED).collection.kind == kind


@pytest.mark.parametrize(
    ("overlay", "said"),
    [
        ("sed: 1", "sed: unknown key; did you mean 'seed'?"),
        ("budget: {pixel: 32}", "budget.pixel: unknown key; did you mean 'pixels'?"),
        ("collection: {sample: {trian: 30}}", "collection.sample.trian: unknown key; did you mean 'train'?"),
        (
            "recipes: {cifake-32: {lerning_rate: 0.1}}",
            "recipes.cifake-32.lerning_rate: unknown key; did you mean 'learning_rate'?",
        ),
        (
            "collection: {labels: [{folder: a, origin: ai, source: a, stile: b}]}",
            "collection.labels[0].stile: unknown key; did you mean 'style'?",
        ),
        ("explain: {zzz: 1}", "explain.zzz: unknown key; known: pictures, panel, occlusion, random_networks, checked"),
        (
            "explain: {occlusion: {stride: 32}}",
            "explain.occlusion.stride: a patch of 24 pixels would leave some out; set at most 24, not 32",
        ),
        (
            "splits: {augmented: {oversample: {rotaton: 3}}}",
            "splits.augmented.oversample.rotaton: unknown key; did you mean 'rotation'?",
        ),
        (
            "splits: {balanced: {subsample: {picture: 3}}}",
            "splits.balanced.subsample.picture: unknown key; did you mean 'pictures'?",
        ),
        ("1: 2", "[1]: keys should be strings, not 1"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_valid_one(complaint, overlay: str, said: str):
    assert complaint(overlay) == said


@pytest.mark.parametrize(
    ("overlay", "said"),
    [
        ("seed: one", "seed: input should be a valid integer, not 'one'"),
        ("seed: true", "seed: input should be a valid integer, not True"),
        ("budget: {images: '10'}", "budget.images: input should be a valid integer, not '10'"),
        ("recipes: {cifake-32: {learning_rate: 1e-3}}", "recipes.cifake-32.learning_rate: input should be a valid nu"),
        ("collection: {name: 2024-01-01}", "collection.name: input should be a valid string, not datetime.date(2024,"),
        ("collection: {labels: [3]}", "collection.labels[0]: a section of keys is needed, not 3"),
        ("variants: {new: natural}", "variants.new: a section of keys is needed, not 'natural'"),
        (
            "splits: {balanced: {subsample: origin}}",
            "splits.balanced.subsample: a section of keys is needed, not 'origin'",
        ),
        (
            "splits: {natural: {exclude_folders: realism}}",
            "splits.natural.exclude_folders: input should be a valid list, not 'realism'",
        ),
        ("splits: []", "splits: a section of keys is needed, not []"),
        ("splits: {1: {}}", "splits[1]"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_and_never_coerced(tmp_path: Path, overlay: str, said: str):
    file = tmp_path / "overlay.yaml"
    file.write_text(overlay, encoding="utf-8")
    with pytest.raises(UserError) as raised:
        schema.load(merged(shipped(), yaml.safe_load(overlay)), [*SHIPPED, file])
    assert str(raised.value).startswith(f"{file}: {said}")


@pytest.mark.parametrize(
    ("overlay", "said"),
    [
        ("seed: -1", "seed: input should be greater than or equal to 0, not -1"),
        ("seed: 4294967296", "seed: input should be less than 4294967296, not 4294967296"),
        ("budget: {max_image_size: 4}", "budget.max_image_size: input should be greater than or equal to 8, not 4"),
        ("splits: {natural: {test: 1.0}}", "splits.natural.test: input should be less than 1, not 1.0"),
        (
            "splits: {augmented: {oversample: {rotation: 270}}}",
            "splits.augmented.oversample.rotation: input should be less than or equal to 180, not 270",
        ),
        (
            "splits: {augmented: {oversample: {zoom: 1}}}",
            "splits.augmented.oversample.zoom: input should be less than 1, not 1",
        ),
        (
            "splits: {balanced: {subsample: {pictures: 0}}}",
            "splits.balanced.subsample.pictures: input should be greater than or equal to 1, not 0",
        ),
        (
            "splits: {balanced: {subsample: {task: origins}}}",
            "splits.balanced.subsample.task: input should be 'origin', 'source', 'origin_style', 'source_style' "
            "or 'folder', not 'origins'",
        ),
        ("collection: {max_rejected: 2}", "collection.max_rejected: input should be less than or equal to 1, not 2"),
        (
            "recipes: {cifake-32: {learning_rate: .inf}}",
            "recipes.cifake-32.learning_rate: input should be a finite number, not inf",
        ),
        ("device: gpu", "device: input should be 'cpu', 'cuda', 'mps' or 'auto', not 'gpu'"),
    ],
)
def test_a_value_out_of_range_is_refused(complaint, overlay: str, said: str):
    assert complaint(overlay) == said


@pytest.mark.parametrize("section", sorted({path[0] for path in paths(shipped())} - {"external"}))
def test_a_section_or_value_set_to_null_is_refused(complaint, section: str):
    assert complaint(f"{section}: null").startswith(f"{section}: ")


@pytest.mark.parametrize("key", ["seed", "collection", "collection.max_rejected", "splits.natural.published"])
def test_a_missing_key_is_told_with_the_file_that_holds_its_section(key: str):
    values = shipped()
    *parents, last = key.split(".")
    section = values
    for parent in parents:
        section = section[parent]
    del section[last]
    with pytest.raises(UserError) as raised:
        schema.load(values, SHIPPED)
    assert str(raised.value) == f"{SHIPPED[0]}: {key}: missing; add it"


def test_a_missing_key_of_a_list_is_told_with_the_file_of_that_list(complaint):
    text = "collection: {labels: [{origin: ai, source: a}]}"
    assert complaint(text) == "collection.labels[0].folder: missing; add it"


@pytest.mark.parametrize(
    ("overlay", "said"),
    [
        (
            "variants: {new: {task: origin, split: natrual, recipe: cifake-32}}",
            "variants.new.split: no such split: 'natrual'; did you mean 'natural'?",
        ),
        (
            "variants: {new: {task: origin, split: natural, recipe: cifake32}}",
            "variants.new.recipe: no such recipe: 'cifake32'; did you mean 'cifake-32'?",
        ),
        (
            "recipes: {cifake-32: {architecture: cifak}}",
            "recipes.cifake-32.architecture: no such architecture: 'cifak'; did you mean 'cifake'?",
        ),
        (
            "recipes: {cifake-32: {architecture: torchvision/resnet19}}",
            "recipes.cifake-32.architecture: no such architecture: 'torchvision/resnet19'; "
            "did you mean 'torchvision/resnet18'?",
        ),
        (
            "recipes: {cifake-32: {architecture: yolo}}",
            "recipes.cifake-32.architecture: no such architecture: 'yolo'; "
            "known: cifake, conv3, simple-cnn, tapering-cnn, torchvision/MODEL and timm/MODEL",
        ),
        (
            f"pretrained: {{files: {{torchvision/resnet: {{path: x, sha256: {'ab' * 32}}}}}}}",
            "pretrained.files.torchvision/resnet: no such architecture: 'torchvision/resnet'; "
            "did you mean 'torchvision/resnet50'?",
        ),
        (
            f"pretrained: {{files: {{torchvision/resnet18: {{path: x, sha256: {'ab' * 32}, sha: 1}}}}}}",
            "pretrained.files.torchvision/resnet18.sha: unknown key; did you mean 'sha256'?",
        ),
        (
            "recipes: {cifake-32: {augmentation: {horizontal_flop: 0.5}}}",
            "recipes.cifake-32.augmentation.horizontal_flop: unknown key; did you mean 'horizontal_flip'?",
        ),
    ],
)
def test_a_reference_that_leads_nowhere_is_named_with_the_nearest_one(complaint, overlay: str, said: str):
    assert complaint(overlay) == said


@pytest.mark.parametrize(
    ("overlay", "said"),
    [
        (
            "variants: {cifake-32: {task: style}}",
            "variants.cifake-32.task: input should be 'origin', 'source', 'origin_style', 'source_style' or 'folder', "
            "not 'style'",
        ),
        (
            "variants: {resnet50-finetuned: {task: source}}",
            "variants.resnet50-finetuned.task: the loss of the recipe resnet50-finetuned tells two classes apart: "
            "set loss: cross-entropy there, or task: origin, not 'source'",
        ),
        (
            "recipes: {conv3: {pretrained: true}}",
            "recipes.conv3.pretrained: there are no published weights of conv3: "
            "name a file of them in pretrained.files, or set false",
        ),
        (
            "recipes: {simple-cnn: {architecture: torchvision/vgg16, image_size: 31}}",
            "recipes.simple-cnn.image_size: torchvision/vgg16 cannot take pictures of less than 32 pixels",
        ),
        (
            "recipes: {cifake-32: {augmentation: {rotation: 200}}}",
            "recipes.cifake-32.augmentation.rotation: input should be less than or equal to 180, not 200",
        ),
        (
            "recipes: {cifake-32: {trainable_layers: []}}",
            "recipes.cifake-32.trainable_layers: list should have at least 1 item after va",
        ),
        (
            "pretrained: {files: {torchvision/resnet18: {path: x, sha256: abc}}}",
            "pretrained.files.torchvision/resnet18.sha256: string should match pattern",
        ),
        (
            "recipes: {cifake-32: {momentum: 0.9}}",
            "recipes.cifake-32.momentum: adam takes none; leave it out, or set optimizer: sgd",
        ),
        ("pretrained: {source: web}", "pretrained.source: input should be 'hub' or 'none', not 'web'"),
    ],
)
def test_settings_that_exclude_one_another_are_refused(complaint, overlay: str, said: str):
    assert complaint(overlay).startswith(said)


@pytest.mark.parametrize(
    ("overlay", "said"),
    [
        (
            "arms: {leave_one_generator_out: [cifake-23]}",
            "arms.leave_one_generator_out[0]: no such variant: 'cifake-23'; did you mean 'cifake-32'?",
        ),
        ("arms: {seeds: {variants: [cnn]}}", "arms.seeds.variants[0]: no such variant: 'cnn'"),
        (
            "arms: {leave_one_generator_out: [conv3-source]}",
            "arms.leave_one_generator_out[0]: a network of the task source has no word for a generator",
        ),
        (
            "collection: {harmonise: {side: 64, resize: lanczos, format: png, quality: 90}}",
            "collection.harmonise.quality:",
        ),
        ("collection: {harmonise: {side: 64, resize: lanczos, format: jpeg, quality: null}}", "collection.harmonise."),
    ],
)
def test_arms_and_harmonising_that_cannot_be_are_refused(complaint, overlay: str, said: str):
    assert complaint(overlay).startswith(said)


def test_a_variant_that_is_taken_away_takes_its_arms_with_it():
    settings = schema.load(merged(shipped(), {"variants": {"cifake-32": None}}), SHIPPED)
    assert settings.trained.variants == settings.variants


def test_an_arm_leaves_one_generator_out_and_is_else_its_variant():
    settings = schema.load(shipped(), SHIPPED).trained
    arm = settings.variants["cifake-32+without-latent_diffusion"]
    assert settings.splits[arm.split].exclude_sources == ["latent_diffusion"]
    assert settings.splits[arm.split].model_dump(exclude={"exclude_sources"}) == settings.splits["balanced"].model_dump(
        exclude={"exclude_sources"}
    )
    assert settings.recipe("cifake-32+without-latent_diffusion") == settings.recipe("cifake-32")
    assert {name for name in settings.variants if "+" in name} == {
        *(f"cifake-32+seed-{number}" for number in (1, 2)),
        *(f"cifake-32+without-{source}" for source in ("latent_diffusion", "stable_diffusion")),
    }


def test_where_there_is_one_generator_none_is_left_out():
    labels = [
        {"folder": "ai", "origin": "ai", "source": "ai"},
        {"folder": "human", "origin": "human", "source": "human"},
    ]
    overlay = {"collection": {"labels": labels}, "variants": dict.fromkeys(shipped()["variants"])}
    overlay["variants"]["cifake-32"] = shipped()["variants"]["cifake-32"]
    settings = schema.load(merged(shipped(), overlay), SHIPPED)
    assert not any("without" in name for name in settings.trained.variants)


def test_a_model_of_timm_says_how_to_install_it_where_it_is_not(complaint, monkeypatch: pytest.MonkeyPatch):
    installed = registry._models
    monkeypatch.setattr(registry, "_models", lambda library: {} if library == "timm" else installed(library))
    said = complaint("recipes: {conv3: {architecture: timm/convnext_tiny}}")
    assert said.endswith("'timm/convnext_tiny' needs the package timm: install it with `uv sync --extra timm`")


def test_umap_says_how_to_install_it_where_it_is_not(complaint, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(schema, "find_spec", lambda name: None)
    said = complaint("latent: {embedding: {method: umap}}")
    reason = "must be tsne while umap-learn is missing (`uv sync --extra umap` installs it), not 'umap'"
    assert said == f"latent.embedding.method: {reason}"


def test_a_task_that_needs_styles_is_refused_where_no_rule_gives_one(complaint):
    labels = "collection: {labels: [{folder: a, origin: ai, source: a}, {folder: b, origin: human, source: human}]}"
    variants = "variants: {" + ", ".join(f"{name}: null" for name in shipped()["variants"])
    said = complaint(f"{labels}\n{variants}, new: {{task: source_style, split: natural, recipe: conv3}}}}")
    assert said == "variants.new.task: no rule of collection.labels gives a style, so there is no task 'source_style'"


def test_a_bad_regular_expression_is_told_before_anything_runs(complaint):
    said = complaint("collection: {labels: [{folder: 'AI_(', origin: ai, source: a}]}")
    assert said.startswith("collection.labels[0].folder: not a regular expression: missing )")


@pytest.mark.parametrize("name", ["../x", "a b", "-x", "", "a/b"])
def test_a_name_that_makes_no_folder_is_refused(complaint, name: str):
    assert complaint(f"collection: {{name: '{name}'}}").startswith("collection.name: string should match pattern")


def test_a_long_value_is_not_repeated_in_full(complaint):
    assert len(complaint(f"device: {'x' * 5000}")) < 200


def test_every_mistake_has_its_own_line_and_its_own_file(tmp_path: Path):
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text("seed: -1\nbudget: {max_image_size: 4}\n", encoding="utf-8")
    values = merged(shipped(), {"seed": -1, "budget": {"pixels": 3}})
    with pytest.raises(UserError) as raised:
        schema.load(values, [*SHIPPED, overlay])
    files = dict(line.split(": ")[1::-1] for line in str(raised.value).splitlines())
    assert files == {"seed": str(overlay), "budget.max_image_size": "--config"}


def test_a_mistake_in_two_files_is_told_of_the_last(tmp_path: Path):
    overlays = [tmp_path / "first.yaml", tmp_path / "second.yaml"]
    for overlay in overlays:
        overlay.write_text("seed: -1", encoding="utf-8")
    with pytest.raises(UserError) as raised:
        schema.load(merged(shipped(), {"seed": -1}), [*SHIPPED, *overlays])
    assert str(raised.value).startswith(f"{overlays[1]}: seed:")


def test_null_takes_a_variant_a_split_or_a_recipe_away():
    overlay = {"variants": {"tapering-cnn": None}, "recipes": {"tapering-cnn": None}, "splits": {"natural": None}}
    overlay["variants"] |= {name: None for name, of in shipped()["variants"].items() if of["split"] == "natural"}
    settings = schema.load(merged(shipped(), overlay), SHIPPED)
    assert "tapering-cnn" not in settings.variants | settings.recipes
    assert "natural" not in settings.splits


def test_a_run_without_any_variant_is_refused(complaint):
    values = merged(shipped(), {"variants": dict.fromkeys(shipped()["variants"])})
    with pytest.raises(UserError, match="variants: no variant to train; name one"):
        schema.load(values, SHIPPED)


def test_a_checksum_may_be_written_in_capitals():
    settings = schema.load(merged(shipped(), {"collection": {"source": "data/x.zip", "sha256": "AB" * 32}}), SHIPPED)
    assert settings.collection.sha256 == "ab" * 32


def test_the_budget_caps_a_recipe_and_never_raises_it():
    budget = {"pixels": 64, "epochs": 12, "images": None, "batch_size": None}
    capped = schema.load(merged(shipped(), {"budget": budget}), SHIPPED)
    assert (capped.recipe("tapering-cnn").image_size, capped.recipe("tapering-cnn").epochs) == (64, 12)
    assert (capped.recipe("cifake-32").image_size, capped.recipe("cifake-32").epochs) == (32, 12)
    full = schema.load(merged(shipped(), {"budget": dict.fromkeys(budget)}), SHIPPED)
    assert full.recipe("tapering-cnn") == full.recipes["tapering-cnn"]
    small = schema.load(merged(shipped(), {"budget": {"batch_size": 40, "epochs": 3}, "pretrained": HUB}), SHIPPED)
    assert [small.recipe(name).batch_size for name in ("tapering-cnn", "resnet50-finetuned")] == [40, 32]
    assert [phase.epochs for phase in small.recipe("resnet50-finetuned").phases()] == [3, 3]


def test_a_recipe_is_pretrained_and_frozen_only_where_there_are_weights():
    def recipes(pretrained: dict) -> list[Recipe]:
        settings = schema.load(merged(shipped(), {"pretrained": pretrained}), SHIPPED)
        return [settings.recipe(name) for name in ("resnet18-frozen", "resnet50-finetuned", "conv3-origin")]

    file = {"torchvision/resnet18": {"path": "weights.pth", "sha256": "ab" * 32}}
    for pretrained, expected in {
        "none": [False, False, False],
        "hub": [True, True, False],
    }.items():
        found = recipes({"source": pretrained})
        assert [recipe.pretrained for recipe in found] == expected
        assert [recipe.trainable_layers is not None for recipe in found] == expected
    assert [recipe.pretrained for recipe in recipes({"source": "none", "files": file})] == [True, False, False]
    assert [len(recipe.phases()) for recipe in recipes({"source": "hub"})] == [1, 2, 1]
    assert [len(recipe.phases()) for recipe in recipes({"source": "none"})] == [1, 1, 1]
