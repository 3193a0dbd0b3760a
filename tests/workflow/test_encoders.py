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
FOLDS = ORIGIN | {"split": "drawn"}


@pytest.fixture(scope="module")
def heads(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A project whose variants are heads on one encoder, one of them cross-validated, after a whole run; its output."""
    project = tmp_path_factory.mktemp("heads") / "brushprint"
    shutil.copytree(finished, project, symlinks=True)
    set_variants(project, lambda variants: variants.clear())
    heads = {"encoder-origin": ORIGIN, "encoder-source": SOURCE, "encoder-folds": FOLDS}
    set_variants(project, lambda variants: variants.update(heads))
    settings = project / "config/config.yaml"
    changed = yaml.safe_load(settings.read_text())
    changed["arms"] |= {"seeds": {"variants": [], "repeats": 1}, "leave_one_generator_out": ["encoder-origin"]}
    changed["arms"]["harmonised"] |= {"variants": ["encoder-folds"], "side": 32}
    changed["splits"]["drawn"] = changed["splits"]["natural"] | {"published": False, "folds": 3}
    settings.write_text(yaml.safe_dump(changed, sort_keys=False))
    return project, snakemake(project)


def test_features_are_computed_once_for_all_heads_tasks_and_arms(heads: tuple[Path, str]) -> None:
    project, printed = heads
    rules = [rule for rule, _ in jobs(printed)]
    assert rules.count("fit_head") == 6
    logs = sorted(file.name.split("-")[0] for file in (project / "logs/sample").glob("encode*.log"))
    # Features of harmonised pictures are computed, too, and of the corrupted test pictures of both splits.
    assert logs == ["encode"] * 2 + ["encode_corrupted"] * 2
    assert not {"train"} & set(rules)
    assert "Nothing to be done" in snakemake(project, "-n")


def test_a_head_has_every_result_and_a_chapter_of_the_report(heads: tuple[Path, str]) -> None:
    folder = heads[0] / "results/sample"
    report = (folder / "report/index.html").read_text()
    for name in ("encoder-origin", "encoder-source", "encoder-folds"):
        metrics = json.loads((folder / f"variants/{name}/metrics.json").read_text())
        assert metrics["test"]["accuracy"]["value"] > 0.5
        assert f'id="{name}"' in report
        assert (folder / f"variants/{name}/figures/curves.png").exists()
    card = (folder / "variants/encoder-origin/card.md").read_text()
    assert "Logistic regression on features of the frozen encoder timm/tf_efficientnet_lite0" in card


def test_a_cross_validated_head_is_tested_on_every_picture_and_recommended(heads: tuple[Path, str]) -> None:
    folder = heads[0] / "results/sample"
    catalogue = pd.read_parquet(folder / "catalogue.parquet")
    predictions = pd.read_parquet(folder / "variants/encoder-folds/predictions.parquet")
    assert set(predictions["partition"]) == {"test"}
    assert sorted(predictions["image_id"]) == sorted(catalogue["image_id"])
    recommended = json.loads((folder / "recommended.json").read_text())
    assert recommended["variant"] == "encoder-folds"
    assert list(recommended["folds"]) == ["0", "1", "2"]
    assert recommended["detection"]["pictures"] == len(catalogue)
    assert Results(folder).variants[0] == "encoder-folds"
    assert set(Results(folder).partitions("encoder-folds").values()) == {"train"}
    report = " ".join((folder / "report/index.html").read_text().split())
    assert "Each picture was tested by a head that was fitted and chosen without its fold." in report
    assert "Each picture was tested by a network" in (folder / "variants/encoder-folds/card.md").read_text()


def test_corrupted_pictures_are_judged_by_the_head_that_does_not_know_them(heads: tuple[Path, str]) -> None:
    folder = heads[0] / "results/sample/variants/encoder-folds"
    corrupted = pd.read_parquet(folder / "corrupted.parquet").query("name == 'none'").set_index("image_id")["p_ai"]
    predictions = pd.read_parquet(folder / "predictions.parquet").set_index("image_id")["ai_probability"]
    np.testing.assert_allclose(corrupted, predictions.loc[corrupted.index], atol=1e-5)


def test_the_report_compares_harmonised_and_matched_pictures(heads: tuple[Path, str]) -> None:
    folder = heads[0] / "results/sample"
    [row] = json.loads((folder / "art-or-file.json").read_text())
    assert (row["variant"], row["all"]["pictures"]) == ("encoder-folds", row["harmonised"]["pictures"])
    assert "Is it the art or the file?" in (folder / "report/index.html").read_text()
    usual, harmonised = (
        pd.read_parquet(folder / f"variants/encoder-folds{arm}/predictions.parquet") for arm in ("", "+harmonised")
    )
    assert usual["image_id"].tolist() == harmonised["image_id"].tolist()
    assert usual["fold"].tolist() == harmonised["fold"].tolist()
    assert (usual["ai_probability"] != harmonised["ai_probability"]).any()


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
