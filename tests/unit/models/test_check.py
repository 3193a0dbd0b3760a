"""Recipes whose networks cannot be trained on this machine are refused before a run, with one line for each."""

import json
import subprocess
import sys

import pytest

from brushprint.models.check import mistakes
from tests.support.training import recipe


def checked(processes: int = 1, **changes: object) -> list[str]:
    return list(mistakes({"mine": recipe(**changes).model_dump()}, processes))


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"trainable_layers": ["conv3"]}, "trainable_layers: no such layer: 'conv3'; did you mean 'conv"),
        ({"architecture": "timm/vit_tiny_patch16_224", "image_size": 100}, "cannot take pictures of 100 pixels"),
        ({"compile": True}, "compile: torch.compile needs a C++ compiler, and there is none; set it to false"),
        ({"processes": 2, "architecture": "timm/mobilenetv3_small_050", "image_size": 32}, "cannot share"),
    ],
)
def test_a_mistake_is_a_line_that_names_the_variant(changes: dict, line: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CXX", "no-compiler")
    (mistake,) = checked(**changes)
    assert mistake.startswith("variants.mine: recipe: ") and line in mistake and "\n" not in mistake


def test_a_trainable_recipe_has_no_mistakes():
    assert checked(2, architecture="torchvision/resnet18", image_size=32, trainable_layers=["layer4", "fc"]) == []


def test_the_command_reads_recipes_and_prints_their_mistakes():
    recipes = {name: recipe(trainable_layers=[layer]).model_dump() for name, layer in (("a", "head"), ("b", "tail"))}
    question = json.dumps({"recipes": recipes, "processes": 1})
    command = [sys.executable, "-m", "brushprint.models.check"]
    done = subprocess.run(command, input=question, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("variants.b: recipe: trainable_layers: no such layer: 'tail'")
    assert len(done.stderr.splitlines()) == 1
