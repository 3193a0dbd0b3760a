"""Problems that would make a run fail are reported before its first job."""

import os
import shutil
from pathlib import Path

import pytest

from brushprint.core.errors import UserError
from brushprint.workflow import preflight
from tests.unit.workflow.test_plan import plan_of


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_missing_folders_pass_if_their_existing_parent_is_writable(here: Path) -> None:
    preflight.check_folders(plan_of())
    assert not list(here.iterdir())


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere; workflow tests drop that privilege")
def test_a_folder_without_write_permission_is_reported(here: Path) -> None:
    folder = here / "results/sample/variants"
    folder.mkdir(parents=True)
    folder.chmod(0o555)
    with pytest.raises(UserError, match="results/sample/variants: this user may not write there"):
        preflight.check_folders(plan_of())


def test_several_nodes_need_slurm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    preflight.check_slurm(plan_of())
    with pytest.raises(UserError, match="nodes: several nodes need Slurm, and there is no srun here"):
        preflight.check_slurm(plan_of("nodes: 2"))


LAYER = "recipes: {cifake-32: {trainable_layers: [layer9]}}"
NULLS = ", ".join(
    f"{name}: null"
    for name in (
        *("tapering-cnn", "resnet50-finetuned", "efficientnet-b0", "simple-cnn", "resnet18-frozen"),
        *("resnet18-aggressive", "resnet18-augmented", "resnet18-224", "conv3-origin", "conv3-source"),
        *("conv3-folder", "cifake-128", "encoder-origin"),
    )
)
ONLY = f"variants: {{{NULLS}}}"


def test_a_layer_that_a_network_does_not_have_is_refused(here: Path) -> None:
    with pytest.raises(UserError, match=r"variants\.cifake-32: recipe: trainable_layers: no such layer: 'layer9'"):
        preflight.check_networks(plan_of(ONLY, LAYER), ["code@1"])


def test_networks_that_passed_are_not_built_again_until_the_code_changes(here: Path) -> None:
    good = plan_of(ONLY, "recipes: {cifake-32: {trainable_layers: [head]}}")
    preflight.check_networks(good, ["code@1"])
    cache = here / "scratch/sample/digests/networks.json"
    first = cache.read_text()
    preflight.check_networks(good, ["code@1"])
    assert cache.read_text() == first
    preflight.check_networks(good, ["code@2"])
    assert cache.read_text() != first


def test_networks_of_our_own_that_train_all_layers_need_no_check(here: Path) -> None:
    preflight.check_networks(plan_of(ONLY), ["code@1"])
    assert not (here / "scratch").exists()


def test_joining_reports_whether_another_run_is_active() -> None:
    first, alone = preflight.join()
    assert alone
    with first:
        second, alone = preflight.join()
        second.close()
        assert alone is False
