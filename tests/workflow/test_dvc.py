"""Colleagues pull the artifacts with DVC, and Snakemake accepts them as up to date."""

import shutil
from pathlib import Path

import pytest
import yaml

from tests.conftest import (
    add_line,
    contents,
    copy_project,
    edit,
    jobs,
    renew,
    run,
    set_key,
    set_variants,
    share,
    snakemake,
)

# The model of the variant without arms, which is retrained fastest.
MODEL = "results/sample/variants/simple-cnn/model.safetensors"
PUBLISH = ("brushprint", "publish")


def commit(project: Path, *paths: str) -> None:
    run(project, "git", "add", *paths)
    run(project, "git", "commit", "--quiet", "--message", "A change")


def clone(project: Path, target: Path) -> Path:
    run(project, "git", "clone", "--quiet", str(project), str(target))
    return target


def idle(project: Path) -> bool:
    return "Nothing to be done" in snakemake(project, "-n")


@pytest.fixture(scope="session")
def published(finished: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A copy of the finished project whose results are pushed to a folder, as docs/how-to/share-results.md says."""

    def make(project: Path) -> None:
        copy_project(finished, project)
        run(project, "dvc", "remote", "add", "--default", "store", str(project.parent / "store"))
        commit(project, ".dvc/config")
        assert "are stored" in run(project, *PUBLISH)

    return share("published", make, tmp_path_factory, worker_id)


@pytest.fixture(scope="session")
def pulled(published: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A clone with the artifacts pulled, in which `snakemake -n` has run once."""

    def make(project: Path) -> None:
        clone(published, project)
        run(project, "dvc", "pull")
        assert idle(project)

    return share("pulled", make, tmp_path_factory, worker_id)


@pytest.fixture
def colleague(pulled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the clone that a test may change."""
    return renew(tmp_path_factory.getbasetemp() / "pulled/colleague", pulled)


def test_after_a_pull_there_is_nothing_to_do(published: Path, pulled: Path) -> None:
    assert contents(pulled) == contents(published)
    assert idle(pulled)
    assert not list((pulled / "data").glob("*.archive"))


def test_one_model_can_be_pulled_alone(published: Path, tmp_path: Path) -> None:
    student = clone(published, tmp_path / "student")
    run(student, "dvc", "pull", MODEL)
    assert [str(file.relative_to(student)) for file in (student / "results").rglob("*") if file.is_file()] == [MODEL]


def test_code_committed_without_a_run_makes_results_stale_in_other_clones(colleague: Path, tmp_path: Path) -> None:
    add_line("src/brushprint/evaluation/metrics.py")(colleague)
    commit(colleague, "src")
    other = clone(colleague, tmp_path / "other")
    run(other, "dvc", "pull")
    assert "rule evaluate:" in snakemake(other, "-n")


def test_an_edited_result_is_detected_after_a_pull(colleague: Path) -> None:
    (colleague / MODEL).write_bytes((colleague / MODEL).read_bytes()[:-1] + b"!")
    assert f"error: {MODEL} differs from what its job wrote: delete it, or restore it" in snakemake(
        colleague, "-n", expect=2
    )
    run(colleague, "dvc", "checkout", "--force")
    assert idle(colleague)


def test_results_checked_out_without_their_records_are_detected(project: Path) -> None:
    run(project, "dvc", "commit", "--force")
    commit(project, "dvc.lock")
    set_key("recipes", "simple-cnn", "learning_rate", to=0.002)(project)
    snakemake(project, MODEL)
    run(project, "dvc", "checkout", "--force", "results")
    output = snakemake(project, "-n", expect=2)
    assert "error: results/sample/variants/simple-cnn/" in output
    assert "differ from what their jobs wrote: delete them, or restore them with `dvc checkout`" in output


def test_dvc_repro_remakes_only_the_results_that_a_setting_affects(colleague: Path) -> None:
    before = contents(colleague)
    set_key("audit", "margin", to=0.1)(colleague)
    assert "audit.margin" in run(colleague, "dvc", "params", "diff")
    run(colleague, "dvc", "repro")
    changed = {name for name, content in contents(colleague).items() if before[name] != content}
    assert {"sample/audit.json", "sample/report/index.html", "sample/SHA256SUMS"} <= changed
    assert not [name for name in changed if name.endswith(("model.safetensors", "metrics.json"))]
    assert idle(colleague)
    assert "uncommitted" not in run(colleague, "dvc", "data", "status")


def test_an_experiment_with_another_learning_rate_is_one_command(colleague: Path) -> None:
    before = contents(colleague)
    run(colleague, "dvc", "exp", "run", "--set-param", "config/recipes.yaml:recipes.simple-cnn.learning_rate=0.002")
    assert (
        yaml.safe_load((colleague / "config/recipes.yaml").read_text())["recipes"]["simple-cnn"]["learning_rate"]
        == 0.002
    )
    changed = {name for name, content in contents(colleague).items() if before[name] != content}
    assert {name.split("/")[2].partition("+")[0] for name in changed if "/variants/" in name} == {"simple-cnn"}
    assert MODEL.removeprefix("results/") in changed
    assert idle(colleague)
    assert "recipes.simple-cnn.learning_rate" in run(colleague, "dvc", "params", "diff")
    assert "simple-cnn.loss" in run(colleague, "dvc", "metrics", "diff")
    assert "simple-cnn.balanced_accuracy.value" in run(colleague, "dvc", "metrics", "show")
    assert "file://" in run(colleague, "dvc", "plots", "diff")
    assert "learning_rate" in run(colleague, "dvc", "exp", "show", "--md")


def test_switching_between_two_branches_leaves_nothing_to_do(project: Path) -> None:
    """The branches have different pixels, and one has fewer variants; switching keeps the pixels of both."""
    run(project, "git", "checkout", "--quiet", "-b", "first")
    run(project, "dvc", "commit", "--force")
    commit(project, "dvc.lock")
    first = contents(project)
    run(project, "git", "checkout", "--quiet", "-b", "second")
    edit(project / "src/brushprint/data/pixels.py", "array[rows[path]] = pixels", "array[rows[path]] = 255 - pixels")
    set_key("arms", "seeds", "variants", to=[])(project)
    set_key("arms", "leave_one_generator_out", to=[])(project)
    set_variants(project, lambda variants: variants.pop("cifake-32"))
    snakemake(project)
    run(project, "dvc", "commit", "--force")
    commit(project, "dvc.lock", "src", "config")
    second = contents(project)
    learned = MODEL.removeprefix("results/")
    assert first[learned] != second[learned]
    for branch, results in (("first", first), ("second", second), ("first", first)):
        run(project, "git", "checkout", "--quiet", branch)
        run(project, "dvc", "checkout")
        assert contents(project) == results
        assert idle(project)
    set_key("recipes", "simple-cnn", "learning_rate", to=0.002)(project)
    assert jobs(snakemake(project, MODEL)) == {("train", "simple-cnn")}


def test_an_archive_can_be_tracked_by_dvc(project: Path, tmp_path: Path) -> None:
    shutil.copy2(next((project / "data").glob("*.archive")), project / "data/own.zip")
    set_key("collection", "source", to="data/own.zip")(project)
    # The pictures are the same, so nothing is retrained.
    assert not {"train", "infer", "explain"} & {rule for rule, _ in jobs(snakemake(project))}
    run(project, "dvc", "add", "data/own.zip")
    run(project, "dvc", "remote", "add", "--default", "store", str(tmp_path / "store"))
    commit(project, "config", "data/own.zip.dvc", ".dvc/config")
    run(project, *PUBLISH)
    run(project, "dvc", "push")
    colleague = clone(project, tmp_path / "colleague")
    assert "fetch it with `dvc pull data/own.zip.dvc`" in snakemake(colleague, "-n", expect=2)
    run(colleague, "dvc", "pull")
    assert idle(colleague)


def test_results_are_published_once(published: Path, tmp_path: Path) -> None:
    again = clone(published, tmp_path / "again")
    run(again, "dvc", "pull")
    assert "published already" in run(again, *PUBLISH)
    assert run(again, "git", "status", "--porcelain") == ""


def of_another_collection(project: Path) -> None:
    shutil.copytree(project / "results/sample", project / "results/other")
    (project / "results/other/metrics.json").write_text("{}")


def test_publishing_again_completes_a_failed_push(colleague: Path, tmp_path: Path) -> None:
    set_key("collection", "title", to="Another")(colleague)
    commit(colleague, "config")
    snakemake(colleague)
    run(colleague, "dvc", "remote", "add", "--force", "store", "ssh://127.0.0.1:1/nowhere")
    commit(colleague, ".dvc/config")
    assert "error: `dvc push` failed: " in run(colleague, *PUBLISH, expect=2)
    run(colleague, "dvc", "remote", "add", "--force", "store", str(tmp_path / "elsewhere"))
    commit(colleague, ".dvc/config")
    assert "are stored" in run(colleague, *PUBLISH)


def left_over(project: Path) -> None:
    (project / "results/sample/variants/old").mkdir()
    (project / "results/sample/variants/old/model.safetensors").touch()


def stale(project: Path) -> None:
    add_line("src/brushprint/evaluation/metrics.py")(project)
    commit(project, "src")


def no_remote(project: Path) -> None:
    run(project, "dvc", "remote", "remove", "store")
    commit(project, ".dvc/config")


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (add_line("README.md"), "error: README.md and 0 more are not committed; commit or stash them first"),
        (stale, "error: the results are out of date: `snakemake -n` lists what would run, and `make results` runs it"),
        (
            left_over,
            "error: results/sample/variants/old/model.safetensors and 0 more are left over from other settings; delete",
        ),
        (of_another_collection, "error: results/other/metrics.json and 0 more differ from SHA256SUMS; run again"),
        (no_remote, "error: there is no DVC remote; add one with `dvc remote add --default store path/to/store`"),
    ],
)
def test_results_that_do_not_follow_from_the_commit_are_not_published(colleague: Path, change, line: str) -> None:
    change(colleague)
    before = run(colleague, "git", "rev-parse", "HEAD")
    output = run(colleague, *PUBLISH, expect=2)
    assert output.startswith(line)
    assert run(colleague, "git", "rev-parse", "HEAD") == before
