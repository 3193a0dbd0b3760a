"""The networks of a run as ONNX files, and the example of docs/onnx.md."""

import json
import re
import shutil
import zipfile
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
import pytest

from brushprint import answer
from brushprint.digest import sha256
from tests.conftest import REPOSITORY, contents, jobs, run, share, snakemake

VARIANTS = ("tapering-cnn", "cifake-32")
FILES = ("model.onnx", "model-fp16.onnx", "onnx.json")


def run_all(finished: Path, project: Path) -> None:
    shutil.copytree(finished, project, symlinks=True)
    snakemake(project, "onnx")


@pytest.fixture(scope="module")
def exported(finished: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    return share("exported", lambda project: run_all(finished, project), tmp_path_factory, worker_id)


def folder(project: Path, variant: str) -> Path:
    return project / "results/sample/variants" / variant


def test_networks_are_exported_only_when_asked_for_and_nothing_else_changes(finished: Path, exported: Path) -> None:
    before, after = contents(finished), contents(exported)
    assert set(after) - set(before) == {f"sample/variants/{variant}/{name}" for variant in VARIANTS for name in FILES}
    assert all(after[name] == content for name, content in before.items())
    for target in ("all", "onnx"):
        output = snakemake(exported, "-n", target)
        assert "Nothing to be done" in output, jobs(output)


def test_the_same_network_exported_again_gives_the_same_bytes(exported: Path, tmp_path: Path) -> None:
    project = shutil.copytree(exported, tmp_path / "brushprint", symlinks=True)
    for name in FILES:
        (folder(project, "cifake-32") / name).unlink()
    assert jobs(snakemake(project, "onnx")) == {("export", "cifake-32"), ("onnx", "")}
    assert contents(project) == contents(exported)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_file_holds_the_facts_and_its_costs_are_told(exported: Path, variant: str) -> None:
    metrics = json.loads((folder(exported, variant) / "metrics.json").read_text())
    costs = json.loads((folder(exported, variant) / "onnx.json").read_text())
    for name, precision in (("model.onnx", "fp32"), ("model-fp16.onnx", "fp16")):
        file = folder(exported, variant) / name
        assert costs[precision]["sha256"] == sha256(file)
        told = json.loads(onnxruntime.InferenceSession(file).get_modelmeta().custom_metadata_map["brushprint"])
        assert (told["variant"], told["classes"]) == (variant, metrics["classes"])
        assert told["temperature"] == metrics["calibration"]["temperature"]
        assert told["harmonise"] is None
    # All test pictures, as they are fewer than 200.
    assert costs["pictures"] == metrics["test"]["pictures"] == 60
    assert costs["torch"]["accuracy"]["value"] == pytest.approx(metrics["test"]["accuracy"]["value"])
    assert costs["majority"] == pytest.approx(metrics["test"]["majority"])
    assert costs["fp32"]["changed"] == 0


def test_the_example_of_the_documentation_answers_as_the_pipeline_does(exported: Path, tmp_path: Path) -> None:
    example = re.search(r"```python\n(.*?)```", (REPOSITORY / "docs/onnx.md").read_text(), re.DOTALL)[1]
    catalogue = pd.read_parquet(exported / "results/sample/catalogue.parquet").set_index("image_id")
    predictions = pd.read_parquet(folder(exported, "cifake-32") / "predictions.parquet")
    tested = predictions[predictions["partition"] == "test"].iloc[0]
    with zipfile.ZipFile(next((exported / "data").glob("*.archive"))) as archive:
        content = archive.read(catalogue.loc[tested["image_id"], "path"])
    (tmp_path / "picture.jpg").write_bytes(content)
    (tmp_path / "results").symlink_to(exported / "results")
    (tmp_path / "example.py").write_text(example)
    said, p_ai = run(tmp_path, "python", "example.py").split()

    file = folder(exported, "cifake-32") / "model-fp16.onnx"
    facts = json.loads(onnxruntime.InferenceSession(file).get_modelmeta().custom_metadata_map["brushprint"])
    logits = np.log([tested[f"p_{name}"] for name in facts["classes"]]) / facts["temperature"]
    expected = answer.answer(np.exp(logits) / np.exp(logits).sum(), facts)
    assert float(p_ai) == pytest.approx(expected.ai, abs=1e-3)
    assert said == expected.origin
