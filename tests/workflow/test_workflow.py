"""A whole run on the tiny collection, and errors in settings, splits and claims."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.conftest import edit, snakemake

VARIANTS = {"simple-cnn", "cifake-32"}


def test_every_test_picture_is_predicted_once_and_no_training_picture_is(finished: Path) -> None:
    results = finished / "results/sample"
    catalogue = pd.read_parquet(results / "catalogue.parquet").set_index("image_id")
    for variant in VARIANTS:
        predictions = pd.read_parquet(results / f"variants/{variant}/predictions.parquet")
        assert predictions["image_id"].is_unique
        test = predictions[predictions["partition"] == "test"]
        published = catalogue.loc[test["image_id"]]
        assert (published["published_split"] == "test").all()
        assert len(test) == (catalogue["published_split"] == "test").sum()
        assert (published["origin"].to_numpy() == test["label"].to_numpy()).all()
        probabilities = pd.read_parquet(results / f"variants/{variant}/probabilities.parquet")
        assert probabilities["image_id"].tolist() == predictions["image_id"].tolist()


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        ("sede=1", "error: --config: sede: unknown key; did you mean 'seed'?"),
        ("budget={epoch: 3}", "error: --config: budget.epoch: unknown key; did you mean 'epochs'?"),
        ("budget={pixels: 32}", "error: --config: budget.pixels: renamed; write 'max_image_size'"),
        (
            "budget={max_image_size: 8}",
            "error: --config: budget.max_image_size: cifake of the recipe cifake-32 cannot take pictures",
        ),
        ("collection={source: ftp://example.org/x.zip}", "error: --config: collection.source: an address must begin"),
        ("collection={source: data/nowhere.zip}", "error: collection.source: data/nowhere.zip does not exist"),
        (f"collection={{source: LICENSE, sha256: {'ab' * 32}}}", "error: collection.source: LICENSE has the sha256 "),
    ],
)
def test_a_bad_setting_is_refused_in_one_line_before_anything_runs(finished: Path, setting: str, line: str) -> None:
    output = snakemake(finished, "-n", "--config", setting, expect=2)
    assert line in output
    assert "Traceback" not in output
    assert "rule " not in output


def test_a_split_that_needs_more_pictures_than_there_are_is_reported_in_one_line(project: Path) -> None:
    output = snakemake(project, "results/sample/splits/per-class.parquet", expect=1)
    assert re.search(
        r"error: splits: subsample: 30 pictures of each class are asked for, but 'human \w+' has only \d that do not "
        r"test; set subsample.pictures to at most \d, or to null\n",
        output,
    )
    assert "Traceback" not in output


def test_copies_balance_training_and_validation_and_each_original_is_predicted_once(finished: Path) -> None:
    results = finished / "results/sample"
    split = pd.read_parquet(results / "splits/augmented.parquet")
    learning = split[split["partition"] != "test"].groupby(["partition", "origin"]).size().unstack()
    assert (learning["ai"] == learning["human"]).all()
    assert len(np.load(finished / "scratch/sample/copies-augmented-32-bilinear.npy")) == (split["copy"] > 0).sum() > 0
    predictions = pd.read_parquet(results / "variants/simple-cnn/predictions.parquet")
    originals = split[(split["copy"] == 0) & (split["partition"] != "train")]
    assert predictions["image_id"].tolist() == originals["image_id"].tolist()


def test_a_bad_claim_is_refused_in_one_line_before_anything_runs(project: Path) -> None:
    edit(project / "config/claims.yaml", "published: 91.49 %", "publishd: 91.49 %, published: 91.49 %")
    output = snakemake(project, "-n", expect=2)
    assert "error: config/claims.yaml: sources.000.claims.tapering-cnn[0].publishd: unknown key; did you" in output
    assert "Traceback" not in output
    assert "rule " not in output
