"""Generates the parts of a checkout that repeat other files: the end of dvc.yaml, and environment.yml.

    python -m brushprint.workflow.generated

A test compares the files with the output of these functions.
"""

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

from brushprint.core.atomic import replacing

# The lines of dvc.yaml up to here are written by hand.
MARKER = "# What follows is written by `make generated`, from config/config.yaml and config/recipes.yaml.\n"
# The version of Python in environment.yml: the oldest one that brushprint supports.
PYTHON = "3.11"
# uv.lock marks package versions for this Python with this text, where they depend on the version of Python.
_OLDEST = "python_full_version < '3.12'"
_ENVIRONMENT = """\
# The pins of uv.lock for conda users: conda env create -f environment.yml && conda activate brushprint
# Written by `make generated`.
"""


def dvc_yaml(checkout: Path) -> str:
    """The text of dvc.yaml: its handwritten part unchanged, then metrics, plots and models of the default variants."""
    by_hand, _, _ = (checkout / "dvc.yaml").read_text(encoding="utf-8").partition(MARKER)
    settings = yaml.safe_load((checkout / "config/config.yaml").read_text(encoding="utf-8"))
    recipes = yaml.safe_load((checkout / "config/recipes.yaml").read_text(encoding="utf-8"))["recipes"]
    results = f"results/{settings['collection']['name']}"
    folders = {name: f"{results}/variants/{name}" for name in settings["variants"]}
    # The heads of encoders have no learning curves.
    trained = [name for name, variant in settings["variants"].items() if "encoder" not in recipes[variant["recipe"]]]
    curves = {
        "Learning curves": {
            "template": "linear",
            "x": "epoch",
            "y": {f"{folders[name]}/history.csv": ["train_loss", "validation_loss"] for name in trained},
            "y_label": "cross-entropy in nats",
        },
        "ROC curve": {
            "template": "linear",
            "x": "false_positive_rate",
            "y": {f"{folder}/roc.csv": "true_positive_rate" for folder in folders.values()},
        },
    }
    confusion = {
        f"{name} confusion": {"template": "confusion", "x": "predicted", "y": {f"{folder}/confusion.csv": "label"}}
        for name, folder in folders.items()
    }
    models = {
        name: {
            "path": f"{folders[name]}/model.safetensors",
            "type": "model",
            "desc": _describe(variant, recipes[variant["recipe"]]),
        }
        for name, variant in settings["variants"].items()
    }
    generated = {
        "metrics": [f"{results}/metrics.json"],
        "plots": [{title: plot} for title, plot in {**curves, **confusion}.items()],
        "artifacts": models,
    }
    return by_hand + MARKER + yaml.safe_dump(generated, sort_keys=False, width=120)


def _describe(variant: dict[str, Any], recipe: dict[str, Any]) -> str:
    network = f"Head of the encoder {recipe['encoder']}" if "encoder" in recipe else f"Network {recipe['architecture']}"
    return f"{network} for the task {variant['task']}, trained on the synthetic sample in a shortened run"


def environment_yml(checkout: Path) -> str:
    """The text of environment.yml: the direct dependencies of pyproject.toml at the versions of uv.lock."""
    project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    versions = _locked(checkout / "uv.lock")
    pins = []
    for dependency in project["dependencies"]:
        name, extras = re.findall(r"^([\w-]+)(\[[\w,]+\])?", dependency)[0]
        pins.append(f"{name}{extras}=={versions[name]}")
    environment = {
        "name": project["name"],
        "channels": ["conda-forge"],
        "dependencies": [f"python={PYTHON}", "pip", {"pip": [*sorted(pins), "--editable ."]}],
    }
    return _ENVIRONMENT + yaml.safe_dump(environment, sort_keys=False)


def _locked(lock: Path) -> dict[str, str]:
    """The version of each package of a lock for `PYTHON`, the oldest Python version that brushprint supports."""
    packages = tomllib.loads(lock.read_text(encoding="utf-8"))["package"]
    return {
        package["name"]: package["version"]
        for package in packages
        if any(_OLDEST in marker for marker in package.get("resolution-markers", [_OLDEST]))
    }


def main() -> None:
    """Write the files into the current folder."""
    for name, text in (("dvc.yaml", dvc_yaml(Path())), ("environment.yml", environment_yml(Path()))):
        with replacing(name) as part:
            part.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
