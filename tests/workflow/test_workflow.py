"""A whole run on the tiny collection, and errors in settings, splits and claims."""

import re
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from brushprint.report.data_dictionary import COLLECTION_FILES, COLUMNS, VARIANT_FILES
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
        (f"collection={{source: LICENSE, sha256: {'ab' * 32}}}", "error: collection.source: LICENSE has the SHA-256 "),
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
        r"error: splits: subsample: 30 pictures of each class are needed, but 'human \w+' has only \d outside the "
        r"test partition; set subsample.pictures to at most \d, or to null\n",
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


def patterns(names: Iterable[str]) -> list[str]:
    """File name patterns for the names in the reference: several names, placeholders, and folders that end with `/`."""
    single = [name for several in names for name in several.split(", ")]
    return [re.sub(r"<\w+>", "*", name) + "*" * name.endswith("/") for name in single]


def differences(names: Iterable[str], known: Iterable[str]) -> tuple[list[str], list[str]]:
    """The names that the reference lacks, and the patterns of the reference that match no name."""
    names, known = list(names), patterns(known)
    lacking = [name for name in names if not any(fnmatch(name, pattern) for pattern in known)]
    return lacking, [pattern for pattern in known if not any(fnmatch(name, pattern) for name in names)]


def test_the_reference_explains_every_file_of_a_run_and_no_others(finished: Path) -> None:
    root = finished / "results/sample"
    files = [str(file.relative_to(root)) for file in root.rglob("*") if file.is_file()]
    of_variants = [name.split("/", 2) for name in files if name.startswith("variants/")]
    assert differences((name for name in files if not name.startswith("variants/")), COLLECTION_FILES) == ([], [])
    # The run has no head.
    assert differences((name for _, _, name in of_variants), VARIANT_FILES) == ([], ["folds.safetensors"])


@pytest.mark.parametrize("table", COLUMNS)
def test_the_reference_explains_every_column_of_a_table_and_no_others(finished: Path, table: str) -> None:
    root = finished / "results/sample"
    if table in VARIANT_FILES:
        root /= "variants/cifake-32"
    file = next(root.glob(re.sub(r"<\w+>", "*", table)))
    columns = (pd.read_parquet if file.suffix == ".parquet" else pd.read_csv)(file).columns
    assert differences(columns, COLUMNS[table]) == ([], [])
