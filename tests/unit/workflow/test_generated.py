"""dvc.yaml and environment.yml are generated from the settings, pyproject.toml and uv.lock."""

import shutil
from pathlib import Path

import pytest
import yaml

from brushprint.workflow import generated
from tests.conftest import REPOSITORY, edit


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("dvc.yaml", "config/config.yaml", "config/recipes.yaml", "pyproject.toml", "uv.lock"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(REPOSITORY / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize(("name", "write"), [("dvc.yaml", "dvc_yaml"), ("environment.yml", "environment_yml")])
def test_generated_files_in_the_repository_are_up_to_date(name: str, write: str) -> None:
    assert (REPOSITORY / name).read_text() == getattr(generated, write)(REPOSITORY), "run `make generated`"


def test_a_new_variant_gets_its_plots_and_its_model(checkout: Path) -> None:
    settings = checkout / "config/config.yaml"
    edit(settings, "\nvariants:\n", "\nvariants:\n  mine: {task: source, split: natural, recipe: conv3}\n")
    dvc = yaml.safe_load(generated.dvc_yaml(checkout))
    plots = {title: plot for entry in dvc["plots"] for title, plot in entry.items()}
    folder = "results/sample/variants/mine"
    assert f"{folder}/history.csv" in plots["Learning curves"]["y"]
    assert f"{folder}/roc.csv" in plots["ROC curve"]["y"]
    assert plots["mine confusion"]["y"] == {f"{folder}/confusion.csv": "label"}
    assert dvc["artifacts"]["mine"]["path"] == f"{folder}/model.safetensors"
    assert "Network conv3 for the task source" in dvc["artifacts"]["mine"]["desc"]


def test_lines_above_the_marker_are_kept(checkout: Path) -> None:
    edit(checkout / "dvc.yaml", "    cmd: snakemake --cores all\n", "    cmd: snakemake --cores 4\n")
    text = generated.dvc_yaml(checkout)
    assert text.startswith((checkout / "dvc.yaml").read_text().partition(generated.MARKER)[0])
    assert "snakemake --cores 4" in text


def test_a_new_dependency_is_pinned_to_its_locked_version(checkout: Path) -> None:
    edit(checkout / "pyproject.toml", '    "grimp>=3.5",\n', '    "grimp>=3.5",\n    "markupsafe>=1",\n')
    pins = yaml.safe_load(generated.environment_yml(checkout))["dependencies"][-1]["pip"]
    (pin,) = (pin for pin in pins if pin.startswith("markupsafe=="))
    assert f'name = "markupsafe"\nversion = "{pin.partition("==")[2]}"' in (checkout / "uv.lock").read_text()
