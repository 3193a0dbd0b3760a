"""The networks of a run as ONNX files, and the example of docs/how-to/export-networks.md."""

import json
import re
import zipfile
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
import pytest

from brushprint.core.digest import sha256
from brushprint.predict import answer
from tests.conftest import REPOSITORY, contents, copy_project, jobs, run, share, snakemake

VARIANTS = ("simple-cnn", "cifake-32")
SUFFIXES = (".onnx", "-fp16.onnx", ".json")


def run_all(finished: Path, project: Path) -> None:
    copy_project(finished, project)
    snakemake(project, "onnx")


@pytest.fixture(scope="module")
def exported(finished: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    return share("exported", lambda project: run_all(finished, project), tmp_path_factory, worker_id)


def exports(project: Path) -> dict[str, bytes]:
    """The contents of every exported file, by name."""
    return {file.name: file.read_bytes() for file in (project / "exports/sample/onnx").iterdir()}


def results(project: Path, variant: str, name: str) -> Path:
    return project / "results/sample/variants" / variant / name


def facts_of(file: Path) -> dict:
    return json.loads(onnxruntime.InferenceSession(file).get_modelmeta().custom_metadata_map["brushprint"])


def test_networks_are_exported_only_on_request_and_nothing_else_changes(finished: Path, exported: Path) -> None:
    assert not (finished / "exports").exists()
    assert set(exports(exported)) == {f"{variant}{suffix}" for variant in VARIANTS for suffix in SUFFIXES}
    assert contents(exported) == contents(finished)
    for target in ("all", "onnx"):
        output = snakemake(exported, "-n", target)
        assert "Nothing to be done" in output, jobs(output)


def test_the_same_network_exported_again_gives_the_same_bytes(exported: Path, tmp_path: Path) -> None:
    project = copy_project(exported, tmp_path / "brushprint")
    for suffix in SUFFIXES:
        (project / f"exports/sample/onnx/cifake-32{suffix}").unlink()
    assert jobs(snakemake(project, "onnx")) == {("export", "cifake-32"), ("onnx", "")}
    assert exports(project) == exports(exported)


@pytest.mark.parametrize("variant", VARIANTS)
def test_an_exported_file_contains_its_facts_and_its_costs_are_reported(exported: Path, variant: str) -> None:
    metrics = json.loads(results(exported, variant, "metrics.json").read_text())
    folder = exported / "exports/sample/onnx"
    costs = json.loads((folder / f"{variant}.json").read_text())
    for file, precision in ((folder / f"{variant}.onnx", "fp32"), (folder / f"{variant}-fp16.onnx", "fp16")):
        assert costs[precision]["sha256"] == sha256(file)
        told = facts_of(file)
        assert (told["variant"], told["classes"]) == (variant, metrics["classes"])
        assert told["temperature"] == metrics["calibration"]["temperature"]
        assert told["harmonise"] is None
    # All test pictures are used, because there are fewer than 200.
    assert costs["pictures"] == metrics["test"]["pictures"] == 60
    assert costs["torch"]["accuracy"]["value"] == pytest.approx(metrics["test"]["accuracy"]["value"])
    assert costs["majority"] == pytest.approx(metrics["test"]["majority"])
    assert costs["fp32"]["changed"] == 0


def test_the_example_of_the_documentation_answers_as_the_pipeline_does(exported: Path, tmp_path: Path) -> None:
    guide = (REPOSITORY / "docs/how-to/export-networks.md").read_text()
    example = re.search(r"```python\n(.*?)```", guide, re.DOTALL)[1]
    catalogue = pd.read_parquet(exported / "results/sample/catalogue.parquet").set_index("image_id")
    predictions = pd.read_parquet(results(exported, "cifake-32", "predictions.parquet"))
    tested = predictions[predictions["partition"] == "test"].iloc[0]
    with zipfile.ZipFile(next((exported / "data").glob("*.archive"))) as archive:
        content = archive.read(catalogue.loc[tested["image_id"], "path"])
    (tmp_path / "picture.jpg").write_bytes(content)
    (tmp_path / "exports").symlink_to(exported / "exports")
    (tmp_path / "example.py").write_text(example)
    said, p_ai = run(tmp_path, "python", "example.py").split()

    facts = facts_of(exported / "exports/sample/onnx/cifake-32-fp16.onnx")
    logits = np.log([tested[f"p_{name}"] for name in facts["classes"]]) / facts["temperature"]
    expected = answer.answer(np.exp(logits) / np.exp(logits).sum(), facts)
    assert float(p_ai) == pytest.approx(expected.ai, abs=1e-3)
    assert said == expected.origin
