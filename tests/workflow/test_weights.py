"""Runs that start from pretrained weights: from a file, or from a hub that cannot be reached."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from brushprint.core.digest import sha256
from tests.conftest import jobs, snakemake
from tests.support.networks import MOBILENET, SHA256

OVERLAY = """
recipes:
  mobilenet:
    architecture: torchvision/mobilenet_v2
    image_size: 32
    resize: bilinear
    pretrained: true
    epochs: 2
    batch_size: 8
    optimizer: adam
    learning_rate: 0.001
    patience: null
    trainable_layers: [classifier]
    fine_tuning: {{epochs: 1, learning_rate: 0.0001, trainable_layers: [features.18, classifier]}}
    precision: 32-true
variants: {{simple-cnn: null, cifake-32: null, mobilenet: {{task: origin, split: balanced, recipe: mobilenet}}}}
pretrained: {{files: {{torchvision/mobilenet_v2: {{path: {path}, sha256: {sha256}}}}}}}
"""


def test_a_run_uses_a_file_of_weights_and_refuses_one_with_another_sha256(project: Path, tmp_path: Path) -> None:
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text(OVERLAY.format(path=MOBILENET, sha256=SHA256))
    files = ("--configfile", "config/config.yaml", "config/recipes.yaml", str(overlay))
    target = "results/sample/variants/mobilenet/provenance.json"
    snakemake(project, target, *files)
    provenance = json.loads((project / target).read_text())
    assert provenance["settings"]["weights"] == SHA256
    assert provenance["data"]["weights"] == sha256(next((project / "data/weights").glob("*.safetensors")))
    assert "Nothing to be done" in snakemake(project, "-n", target, *files)
    # The same weights, fetched again from another path, retrain nothing.
    shutil.rmtree(project / "data/weights")
    moved = Path(shutil.copy(MOBILENET, tmp_path / "moved.pth"))
    overlay.write_text(OVERLAY.format(path=moved, sha256=SHA256))
    output = snakemake(project, target, *files)
    assert {rule for rule, _ in jobs(output)} == {"weights", "seal_weights"}
    overlay.write_text(OVERLAY.format(path=MOBILENET, sha256="ab" * 32))
    output = snakemake(project, "-n", target, *files, expect=2)
    assert "error: pretrained.files.torchvision/mobilenet_v2: " in output
    assert f"has the SHA-256 {SHA256}, not {'ab' * 32}" in output
    assert "Traceback" not in output


@pytest.fixture
def offline(tmp_path: Path) -> dict[str, str]:
    """The environment of a process without network: its proxy is a closed port, and its caches are empty."""
    closed = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
    return os.environ | closed | dict.fromkeys(("TORCH_HOME", "HF_HOME"), str(tmp_path))


@pytest.mark.parametrize("architecture", ["torchvision/resnet18", "timm/resnet18"])
def test_without_network_the_error_says_how_to_give_a_file(architecture: str, offline: dict[str, str]):
    command = f"from brushprint.models import weights; weights.fetch({architecture!r})"
    done = subprocess.run([sys.executable, "-c", command], env=offline, capture_output=True, text=True, check=False)
    line = done.stderr.splitlines()[-1]
    assert line.startswith(f"brushprint.core.errors.UserError: the weights of {architecture} cannot be downloaded (")
    assert f"pretrained.files: {{{architecture}: {{path: …, sha256: …}}}}" in line
