"""Heads on the features of an encoder, through the whole workflow: features are computed once for all heads."""

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from brushprint.predict.results import Results
from tests.conftest import edit, jobs, run, set_variants, snakemake

pytestmark = pytest.mark.xdist_group("encoders")

ORIGIN = {"task": "origin", "split": "natural", "recipe": "encoder-lite0"}
SOURCE = ORIGIN | {"task": "source"}


@pytest.fixture(scope="module")
def heads(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A project whose variants are two heads on one encoder, after a whole run, and what the run printed."""
    project = tmp_path_factory.mktemp("heads") / "brushprint"
    shutil.copytree(finished, project, symlinks=True)
    set_variants(project, lambda variants: variants.clear())
    set_variants(project, lambda variants: variants.update({"encoder-origin": ORIGIN, "encoder-source": SOURCE}))
    settings = project / "config/config.yaml"
    changed = yaml.safe_load(settings.read_text())
    changed["arms"] = {"seeds": {"variants": [], "repeats": 1}, "leave_one_generator_out": ["encoder-origin"]}
    settings.write_text(yaml.safe_dump(changed, sort_keys=False))
    return project, snakemake(project)


def test_features_are_computed_once_for_all_heads_tasks_and_arms(heads: tuple[Path, str]) -> None:
    project, printed = heads
    rules = [rule for rule, _ in jobs(printed)]
    assert (rules.count("encode"), rules.count("encode_corrupted"), rules.count("fit_head")) == (1, 1, 4)
    assert not {"train"} & set(rules)
    assert "Nothing to be done" in snakemake(project, "-n")


def test_a_head_has_every_result_and_a_chapter_of_the_report(heads: tuple[Path, str]) -> None:
    folder = heads[0] / "results/sample"
    report = (folder / "report/index.html").read_text()
    for name in ("encoder-origin", "encoder-source"):
        metrics = json.loads((folder / f"variants/{name}/metrics.json").read_text())
        assert metrics["test"]["accuracy"]["value"] > 0.5
        assert f'id="{name}"' in report
        assert (folder / f"variants/{name}/figures/curves.png").exists()
    card = (folder / "variants/encoder-origin/card.md").read_text()
    assert "Logistic regression on features of the frozen encoder timm/tf_efficientnet_lite0" in card


def test_pictures_get_the_probabilities_that_the_run_computed(heads: tuple[Path, str], tmp_path: Path) -> None:
    project, _ = heads
    results = Results(project / "results/sample")
    test = pd.read_parquet(results.path("encoder-origin", "predictions.parquet"), filters=[("partition", "==", "test")])
    with zipfile.ZipFile(next((project / "data").glob("*.archive"))) as archive:
        archive.extractall(tmp_path)
    printed = run(project, "brushprint", "predict", str(tmp_path), "--variant", "encoder-origin", "--json")
    calibrated = pd.Series({row["sha256"][:16]: row["probabilities"]["ai"] for row in json.loads(printed)})
    logits = np.log(test["p_ai"] / test["p_human"]) / results.metrics("encoder-origin")["calibration"]["temperature"]
    np.testing.assert_allclose(calibrated.loc[test["image_id"]], 1 / (1 + np.exp(-logits)), atol=1e-4)


def test_other_blocks_are_encoded_again_and_another_head_is_not(heads: tuple[Path, str]) -> None:
    project, _ = heads
    recipes = project / "config/recipes.yaml"
    before = recipes.read_text()
    edit(recipes, "    blocks: [1, 2, 3, 4, 5]", "    blocks: [1, 2, 3, 4, 5]\n    class_weights: balanced")
    rules = {rule for rule, _ in jobs(snakemake(project, "-n"))}
    assert "fit_head" in rules and not {"encode", "encode_corrupted", "pixels"} & rules
    recipes.write_text(before)
    edit(recipes, "    blocks: [1, 2, 3, 4, 5]", "    blocks: [1, 2]")
    assert {"encode", "encode_corrupted", "fit_head"} <= {rule for rule, _ in jobs(snakemake(project, "-n"))}
    recipes.write_text(before)


def test_nothing_is_encoded_again_without_the_scratch_folder(heads: tuple[Path, str]) -> None:
    project, _ = heads
    (project / "scratch").rename(project / "aside")
    assert "Nothing to be done" in snakemake(project, "-n")
    shutil.rmtree(project / "scratch", ignore_errors=True)
    (project / "aside").rename(project / "scratch")
