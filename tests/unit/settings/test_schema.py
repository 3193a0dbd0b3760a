"""The models accept valid settings, refuse values of a wrong type or range, and derive values from settings."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from brushprint.core.errors import UserError
from brushprint.data.taxonomy import TASKS, Task
from brushprint.settings import schema
from brushprint.settings.loading import load
from tests.support.settings import SHIPPED, merged, shipped

HUB = {"source": "hub"}


def paths(node: Any, path: tuple = ()) -> Iterator[tuple]:
    for key, value in node.items() if isinstance(node, dict) else []:
        yield (*path, key)
        yield from paths(value, (*path, key))


def test_the_shipped_settings_are_valid():
    settings = load(shipped(), SHIPPED)
    assert settings.collection.kind == "sample"
    assert set(settings.variants) == set(shipped()["variants"])


@pytest.mark.parametrize(
    "overlay",
    sorted({*SHIPPED[0].parent.glob("*.yaml")} - {*SHIPPED, SHIPPED[0].with_name("claims.yaml")}),
    ids=lambda file: file.stem,
)
def test_every_shipped_overlay_is_valid_over_the_default(overlay: Path):
    values = merged(shipped(), yaml.safe_load(overlay.read_text(encoding="utf-8")))
    assert load(values, [*SHIPPED, overlay]).variants


def test_the_settings_accept_every_task():
    assert get_args(Task) == tuple(TASKS)


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
def test_the_kind_of_a_source_follows_from_its_spelling(source: str, kind: str):
    assert load(merged(shipped(), {"collection": {"source": source}}), SHIPPED).collection.kind == kind


@pytest.mark.parametrize(
    ("overlay", "line"),
    [
        ("seed: one", "seed: input should be a valid integer, not 'one'"),
        ("seed: true", "seed: input should be a valid integer, not True"),
        ("budget: {images: '10'}", "budget.images: input should be a valid integer, not '10'"),
        ("recipes: {cifake-32: {learning_rate: 1e-3}}", "recipes.cifake-32.learning_rate: input should be a valid nu"),
        ("collection: {name: 2024-01-01}", "collection.name: input should be a valid string, not 2024-01-01"),
        ("collection: {labels: [3]}", "collection.labels[0]: must be a section of keys, not 3"),
        ("variants: {new: natural}", "variants.new: must be a section of keys, not 'natural'"),
        (
            "splits: {balanced: {subsample: origin}}",
            "splits.balanced.subsample: must be a section of keys, not 'origin'",
        ),
        (
            "splits: {natural: {exclude_folders: realism}}",
            "splits.natural.exclude_folders: input should be a valid list, not 'realism'",
        ),
        ("splits: []", "splits: must be a section of keys, not []"),
        ("splits: {1: {}}", "splits[1]"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_and_never_coerced(tmp_path: Path, overlay: str, line: str):
    file = tmp_path / "overlay.yaml"
    file.write_text(overlay, encoding="utf-8")
    with pytest.raises(UserError) as raised:
        load(merged(shipped(), yaml.safe_load(overlay)), [*SHIPPED, file])
    assert str(raised.value).startswith(f"{file}: {line}")


@pytest.mark.parametrize(
    ("overlay", "line"),
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
        (
            "explain: {occlusion: {stride: 32}}",
            "explain.occlusion.stride: a patch of 24 pixels would skip parts of the picture; set at most 24, not 32",
        ),
        (
            "{device: mps, devices: 2}",
            "devices: mps cannot share a network between devices; set 1, or another device, not 2",
        ),
    ],
)
def test_a_value_out_of_range_is_refused(error_line, overlay: str, line: str):
    assert error_line(overlay) == line


@pytest.mark.parametrize(
    ("overlay", "line"),
    [
        (
            "variants: {cifake-32: {task: style}}",
            "variants.cifake-32.task: input should be 'origin', 'source', 'origin_style', 'source_style' or 'folder', "
            "not 'style'",
        ),
        (
            "recipes: {cifake-32: {augmentation: {rotation: 200}}}",
            "recipes.cifake-32.augmentation.rotation: input should be less than or equal to 180, not 200",
        ),
        (
            "recipes: {cifake-32: {trainable_layers: []}}",
            "recipes.cifake-32.trainable_layers: must not be empty",
        ),
        (
            "pretrained: {files: {torchvision/resnet18: {path: x, sha256: abc}}}",
            "pretrained.files.torchvision/resnet18.sha256: string should match pattern",
        ),
        ("pretrained: {source: web}", "pretrained.source: input should be 'installed', 'hub' or 'none', not 'web'"),
        (
            "collection: {harmonise: {side: 64, resize: lanczos, format: png, quality: 90}}",
            "collection.harmonise.quality: must be a number if format is jpeg, and null if format is png, not 90",
        ),
        (
            "collection: {harmonise: {side: 64, resize: lanczos, format: jpeg, quality: null}}",
            "collection.harmonise.quality: must be a number if format is jpeg, and null if format is png, not None",
        ),
        (
            "collection: {labels: [{folder: 'AI_(', origin: ai, source: a}]}",
            "collection.labels[0].folder: not a regular expression: missing )",
        ),
    ],
)
def test_a_value_that_a_section_does_not_allow_is_refused(error_line, overlay: str, line: str):
    assert error_line(overlay).startswith(line)


@pytest.mark.parametrize("section", sorted({path[0] for path in paths(shipped())} - {"external"}))
def test_a_section_or_value_set_to_null_is_refused(error_line, section: str):
    assert error_line(f"{section}: null").startswith(f"{section}: ")


@pytest.mark.parametrize("name", ["../x", "a b", "-x", "", "a/b"])
def test_a_name_that_cannot_be_a_folder_is_refused(error_line, name: str):
    assert error_line(f"collection: {{name: '{name}'}}").startswith("collection.name: string should match pattern")


def test_umap_is_refused_with_the_command_that_installs_it(error_line, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(schema, "find_spec", lambda name: None)
    reason = "must be tsne unless umap-learn is installed (`uv sync --extra umap`), not 'umap'"
    assert error_line("latent: {embedding: {method: umap}}") == f"latent.embedding.method: {reason}"


def test_a_checksum_may_be_written_in_capitals():
    settings = load(merged(shipped(), {"collection": {"source": "data/x.zip", "sha256": "AB" * 32}}), SHIPPED)
    assert settings.collection.sha256 == "ab" * 32


def test_null_removes_a_variant_a_split_or_a_recipe():
    overlay = {"variants": {"tapering-cnn": None}, "recipes": {"tapering-cnn": None}, "splits": {"natural": None}}
    overlay["variants"] |= {
        name: None for name, variant in shipped()["variants"].items() if variant["split"] == "natural"
    }
    settings = load(merged(shipped(), overlay), SHIPPED)
    assert "tapering-cnn" not in settings.variants | settings.recipes
    assert "natural" not in settings.splits


def test_removing_a_variant_removes_its_arms():
    arms = load(merged(shipped(), {"variants": {"cifake-32": None}}), SHIPPED).arms
    assert (arms.seeds.variants, arms.leave_one_generator_out) == ([], ["encoder-origin"])
