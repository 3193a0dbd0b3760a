"""The workflow trains and infers with several processes, on one machine and on two nodes of a Slurm cluster."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from brushprint.models.processes import Processes, run
from tests.conftest import jobs, snakemake
from tests.support.slurm import slurm
from tests.support.training import learn, planted, recipe


def test_several_nodes_without_slurm_are_refused_before_anything_runs(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    line = "error: nodes: several nodes need Slurm, and there is no srun here; set nodes: 1"
    assert line in snakemake(project, "--config", "nodes=2", expect=2).splitlines()


@pytest.fixture
def two_nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SLURM_CONF", str(tmp_path / "slurm.conf"))
    # The names of the nodes are not host names, so they cannot serve as addresses.
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    with slurm(tmp_path / "slurm.conf", tmp_path, "n1", "n2"):
        yield


@pytest.mark.xdist_group("slurm")
def test_slurm_tasks_on_two_nodes_reach_the_same_metrics_as_one_process(two_nodes, tmp_path: Path):
    # A different order of sums changes gradient descent less than Adam.
    case = {"recipe": recipe(optimizer="sgd", momentum=0.9, learning_rate=0.01), "data": planted(41, 1)}
    _, history = learn(tmp_path / "one.pt", **case)
    two = run(learn, Processes(1, nodes=2), tmp_path / "processes", checkpoint=tmp_path / "two.pt", **case)
    pd.testing.assert_frame_equal(two[0][1], history, rtol=1e-5)


def test_the_workflow_trains_and_infers_with_two_processes(project: Path, finished: Path) -> None:
    variant = "results/sample/variants/simple-cnn"
    arguments = [f"{variant}/predictions.parquet", "--config", "devices=2"]
    made = {(rule, "simple-cnn") for rule in ("train", "infer", "predictions")}
    assert jobs(snakemake(project, *arguments)) == made
    assert "Nothing to be done" in snakemake(project, "-n", *arguments)
    two, one = (pd.read_csv(folder / variant / "history.csv") for folder in (project, finished))
    pd.testing.assert_frame_equal(two, one, rtol=1e-4)


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (["devices=2", "recipes={cifake-32: {architecture: timm/mobilenetv3_small_050}}"], "cannot share"),
        (["recipes={cifake-32: {compile: true}}"], "compile: torch.compile needs a C++ compiler, and there is none"),
    ],
)
def test_a_variant_that_cannot_be_trained_here_is_refused_before_anything_runs(
    finished: Path, settings: list[str], line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", "no-compiler")
    output = snakemake(finished, "-n", "--config", *settings, expect=2)
    assert "error: variants.cifake-32: recipe: " in output and line in output
    assert "Traceback" not in output
