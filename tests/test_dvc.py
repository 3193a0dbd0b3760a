"""Colleagues get the artifacts with DVC, and Snakemake agrees with what they got."""

from pathlib import Path

import pytest

from tests.conftest import add_line, contents, run, set_key, snakemake

pytestmark = pytest.mark.xdist_group("dvc")


def commit(project: Path, *arguments: str) -> None:
    run(project, "git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", *arguments)


@pytest.fixture(scope="module")
def published(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone whose results are pushed to a remote in a folder, by the commands of docs/provenance.md."""
    place = tmp_path_factory.mktemp("published")
    clone = place / "brushprint"
    run(finished, "cp", "-a", str(finished), str(clone))
    run(clone, "dvc", "remote", "add", "--default", "store", str(place / "store"))
    run(clone, "dvc", "commit", "-f")
    run(clone, "dvc", "push")
    run(clone, "git", "add", "dvc.lock", ".dvc/config")
    commit(clone, "-m", "Results")
    return clone


@pytest.fixture
def colleague(published: Path, tmp_path: Path) -> Path:
    """A clone of the clone, with the artifacts pulled."""
    clone = tmp_path / "colleague"
    run(published, "git", "clone", "--quiet", str(published), str(clone))
    run(clone, "dvc", "pull")
    return clone


def test_after_a_pull_there_is_nothing_to_do(published: Path, colleague: Path) -> None:
    assert contents(colleague) == contents(published)
    assert "Nothing to be done" in snakemake(colleague, "-n")


def test_a_change_after_a_pull_is_seen(colleague: Path) -> None:
    add_line("src/brushprint/metrics.py")(colleague)
    assert "rule evaluate:" in snakemake(colleague, "-n")


def test_dvc_shows_the_metrics_and_the_plots(colleague: Path) -> None:
    assert "cifake-32.balanced_accuracy.value" in run(colleague, "dvc", "metrics", "show")
    assert "file://" in run(colleague, "dvc", "plots", "show")


def test_one_model_can_be_pulled_alone(published: Path, tmp_path: Path) -> None:
    clone = tmp_path / "student"
    run(published, "git", "clone", "--quiet", str(published), str(clone))
    model = "results/sample/variants/cifake-32/model.safetensors"
    run(clone, "dvc", "pull", model)
    assert [str(file.relative_to(clone)) for file in (clone / "results").rglob("*") if file.is_file()] == [model]


def test_dvc_repro_leaves_the_decision_to_snakemake(colleague: Path) -> None:
    before = contents(colleague)
    set_key("recipes", "cifake-32", "learning_rate", to=0.002)(colleague)
    assert "recipes.cifake-32.learning_rate" in run(colleague, "dvc", "params", "diff")
    run(colleague, "dvc", "repro")
    after = contents(colleague)
    changed = {name for name in before if before[name] != after[name]}
    assert {name.split("/")[2] for name in changed if "/variants/" in name} == {"cifake-32"}
    assert "variants/cifake-32/model.safetensors" in " ".join(changed)
    assert "Nothing to be done" in snakemake(colleague, "-n")
    assert run(colleague, "dvc", "status").strip() == "Data and pipelines are up to date."
