"""A whole run on the tiny collection, and what reruns after which change."""

import ast
import os
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import add_line, contents, edit, run, set_key, snakemake

VARIANTS = {"tapering-cnn", "cifake-32"}
LEARNED = {"train", "infer", "evaluate", "latent", "explain", "figures", "trace"}
REPORTED = {("report", ""), ("checksums", ""), ("all", "")}
SUMMED = {("compare", "")} | REPORTED


def jobs(output: str) -> set[tuple[str, str]]:
    """The rule and variant of each job that Snakemake announces."""
    blocks = re.split(r"^(?:local)?(?:rule|checkpoint) (?=\w+:$)", output, flags=re.MULTILINE)[1:]
    found = set()
    for block in blocks:
        variant = re.search(r"^    wildcards: variant=(\S+)$", block, re.MULTILINE)
        found.add((block.split(":")[0], variant[1] if variant else ""))
    return found


def of(rules: set[str], variants: set[str] = VARIANTS) -> set[tuple[str, str]]:
    return {(rule, variant) for rule in rules for variant in variants}


def comment_everything(project: Path) -> None:
    for file in [*project.glob("src/**/*.py"), *project.glob("workflow/scripts/*.py")]:
        source = file.read_text()
        ast.parse(source)
        file.write_text(f"# a new comment\n{source}\n\n# and another\n")


def touch_everything(project: Path) -> None:
    for path in [path for path in project.rglob("*") if path.is_file() and ".git" not in path.parts]:
        os.utime(path)


def drop_scratch(project: Path) -> None:
    for file in (project / "scratch").rglob("*.npy"):
        file.unlink()


INVALIDATION = {
    "nothing": (lambda project: None, set()),
    "comments in every module and script": (comment_everything, set()),
    "every file touched": (touch_everything, set()),
    "the decoded pixels deleted": (drop_scratch, set()),
    "the learning rate of one recipe": (
        set_key("recipes", "cifake-32", "learning_rate", to=0.002),
        of(LEARNED, {"cifake-32"}) | SUMMED,
    ),
    "a recipe that no variant uses": (set_key("recipes", "cifake-128", "learning_rate", to=0.002), set()),
    "the module of one network": (
        add_line("src/brushprint/architectures/tapering_cnn.py"),
        of({"train", "infer", "explain", "latent", "evaluate", "figures", "trace"}, {"tapering-cnn"}) | SUMMED,
    ),
    "the Grad-CAM module": (
        add_line("src/brushprint/gradcam.py"),
        of({"explain", "figures", "trace"}) | REPORTED,
    ),
    "the number of clusters": (
        set_key("latent", "clusters", to=3),
        of({"latent", "explain", "figures", "trace"}) | REPORTED,
    ),
    "the metrics module": (
        add_line("src/brushprint/metrics.py"),
        of({"evaluate", "figures", "trace"}) | SUMMED,
    ),
    "the script of a rule": (
        add_line("workflow/scripts/figures.py"),
        of({"figures", "trace"}) | REPORTED,
    ),
    "the title of the report": (set_key("collection", "title", to="Another"), REPORTED),
    "the template of the report": (
        add_line("src/brushprint/report.html.jinja", "<!-- end -->"),
        REPORTED,
    ),
}


@pytest.mark.parametrize("change", INVALIDATION)
def test_a_change_reruns_exactly_what_it_touches(project: Path, change: str) -> None:
    apply, expected = INVALIDATION[change]
    apply(project)
    output = snakemake(project, "-n")
    assert jobs(output) == expected
    assert ("Nothing to be done" in output) == (not expected)


@pytest.mark.parametrize("module", ["gradcam", "architectures/cifake"])
def test_the_reason_names_the_module_that_changed(project: Path, module: str) -> None:
    add_line(f"src/brushprint/{module}.py")(project)
    name = re.escape(f"brushprint.{module.replace('/', '.')}")
    assert re.search(rf"before: '{name}@\w+' now: '{name}@\w+'", snakemake(project, "-n"))


def test_a_decoder_that_gives_the_same_bytes_retrains_nothing(project: Path) -> None:
    edit(
        project / "src/brushprint/decoding.py",
        'return picture.convert("RGB")',
        'rgb = "RGB"\n        return picture.convert(rgb)',
    )
    rerun = {rule for rule, _ in jobs(snakemake(project))}
    assert {"catalogue", "pixels", "seal"} <= rerun
    assert not rerun & {"train", "infer", "explain"}
    assert "Nothing to be done" in snakemake(project, "-n")


def test_a_decoder_that_gives_other_bytes_retrains_everything(project: Path) -> None:
    edit(
        project / "src/brushprint/pixels.py",
        "array[rows[path]] = pixels",
        "array[rows[path]] = 255 - pixels",
    )
    assert of({"train", "infer", "explain"}) <= jobs(snakemake(project))


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


def test_a_run_elsewhere_on_one_core_writes_the_same_bytes(finished: Path, project: Path) -> None:
    for made in ("results", "scratch", "data", "logs", ".snakemake"):
        shutil.rmtree(project / made)
    run(project, "snakemake", "--cores", "1")
    assert contents(project) == contents(finished)


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        ("sede=1", "error: --config: sede: unknown key; did you mean 'seed'?"),
        ("budget={epoch: 3}", "error: --config: budget.epoch: unknown key; did you mean 'epochs'?"),
        ("budget={pixels: 16}", "error: --config: budget.pixels: tapering-cnn of the recipe tapering-cnn cannot take"),
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
