import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
import torch
from torch import nn

from brushprint.core.digest import sha256
from brushprint.core.errors import UserError
from brushprint.evaluation.temperature import apply
from brushprint.models.model import Model, copy_of
from brushprint.models.recipe import ONE_LOGIT
from brushprint.predict import onnx_models
from brushprint.predict.answer import facts
from brushprint.stats.allocation import stratified
from tests.conftest import ARCHITECTURES, REPOSITORY, model_of

# All tests here run in one process, which exports each network once.
pytestmark = pytest.mark.xdist_group("onnx")

CLASSES = ["a", "b", "c"]
FACTS = {"variant": "größer", "temperature": 1.3, "band": {"low": None, "high": 0.7}}


def pictures(count: int, side: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


def answers(file: Path, given: np.ndarray) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(file)
    return session.run(["logits", "probabilities"], {"pictures": given.astype(np.float32)})


def random_model(architecture: str, side: int, classes: list[str] = CLASSES, **recipe: object) -> Model:
    """A model with random weights, whose batch normalisation has seen pictures, so that its answers differ."""
    torch.manual_seed(1)
    model = model_of(architecture, side, classes, **recipe)
    for module in model.network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.train().momentum = 1
    with torch.no_grad():
        model.network(model.inputs(torch.from_numpy(pictures(32, side))))
    model.network.eval()
    return model


Exported = tuple[Model, dict[str, Path]]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Exported]:
    """A function that gives a random model of an architecture and its files, and makes each only once."""

    @cache
    def made(architecture: str, side: int) -> Exported:
        model, folder = random_model(architecture, side), tmp_path_factory.mktemp("exported")
        files = {"fp32": folder / "model.onnx", "fp16": folder / "model-fp16.onnx"}
        onnx_models.export(model, FACTS, files["fp32"])
        assert [file.name for file in folder.iterdir()] == ["model.onnx"]
        onnx_models.halve(*files.values())
        return model, files

    return lambda architecture, side=32: made(architecture, side)


def assert_same(model: Model, file: Path, count: int) -> None:
    given = pictures(count, model.about["image_size"])
    with torch.no_grad():
        expected = model.network(model.inputs(torch.from_numpy(given))).numpy()
    logits, probabilities = answers(file, given)
    assert count == 1 or expected.std(0).max() > 1e-3
    assert logits.dtype == probabilities.dtype == np.float32
    assert np.allclose(logits, expected, atol=1e-4, rtol=1e-4)
    assert np.allclose(probabilities, apply(expected, FACTS["temperature"]), atol=1e-4)


@pytest.mark.parametrize(
    ("architecture", "side"),
    [
        *((name, 32) for name in ARCHITECTURES),
        *(("torchvision/shufflenet_v2_x0_5", 32), ("timm/test_vit", 160), ("timm/test_mambaout", 32)),
    ],
)
def test_the_file_gives_the_same_answers_as_the_network_for_one_picture_and_for_several(
    architecture: str, side: int, exported
) -> None:
    model, files = exported(architecture, side)
    for count in (1, 5):
        assert_same(model, files["fp32"], count)
    onnx.checker.check_model(onnx.load(files["fp32"]), full_check=True)


@pytest.mark.parametrize(
    "recipe",
    [{"loss": ONE_LOGIT}, {"scaling": "imagenet", "precision": "bf16-mixed", "dropout": 0.5}],
    ids=str,
)
def test_the_file_applies_the_settings_of_the_recipe(recipe: dict, tmp_path: Path) -> None:
    model = random_model("cifake", 32, ["ai", "human"], **recipe)
    onnx_models.export(model, FACTS, tmp_path / "model.onnx")
    assert_same(model, tmp_path / "model.onnx", 5)


def test_exporting_leaves_the_network_unchanged(exported) -> None:
    before, after = (model.network.state_dict() for model in (random_model("conv3", 32), exported("conv3")[0]))
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert after["conv1.weight"].is_contiguous(memory_format=torch.channels_last)


def test_batch_normalisation_is_folded_and_the_batch_size_is_not_part_of_the_graph(exported) -> None:
    _, files = exported("torchvision/resnet18")
    kinds = {node.op_type for node in onnx.load(files["fp32"]).graph.node}
    assert "Conv" in kinds
    assert not kinds & {"BatchNormalization", "Gather", "Shape", "Range"}


def test_the_file_declares_its_inputs_its_outputs_and_the_facts(exported) -> None:
    file = exported("cifake")[1]["fp32"]
    session = onnxruntime.InferenceSession(file)
    of = [(value.name, value.type, value.shape) for value in (*session.get_inputs(), *session.get_outputs())]
    assert of == [
        ("pictures", "tensor(float)", ["batch", 32, 32, 3]),
        ("logits", "tensor(float)", ["batch", 3]),
        ("probabilities", "tensor(float)", ["batch", 3]),
    ]
    assert json.loads(session.get_modelmeta().custom_metadata_map["brushprint"]) == FACTS
    assert [opset.version for opset in onnx.load(file).opset_import] == [onnx_models.OPSET]


def test_the_same_network_gives_the_same_bytes_without_paths_of_this_machine(exported, tmp_path: Path) -> None:
    again = {"fp32": tmp_path / "again.onnx", "fp16": tmp_path / "again-fp16.onnx"}
    onnx_models.export(random_model("conv3", 32), FACTS, again["fp32"])
    onnx_models.halve(*again.values())
    for name, file in exported("conv3")[1].items():
        assert file.read_bytes() == again[name].read_bytes()
        said = onnx.load(file)
        # Remove the weights, because their bytes may contain the short strings below by chance.
        del said.graph.initializer[:]
        for told in (str(REPOSITORY), str(Path(torch.__file__).parent), ".py", "line "):
            assert told.encode() not in said.SerializeToString(), told


def test_half_precision_halves_the_file_and_gives_nearly_the_same_answers(exported) -> None:
    _, files = exported("torchvision/resnet18")
    assert 0.49 < files["fp16"].stat().st_size / files["fp32"].stat().st_size < 0.52
    given = pictures(5, 32)
    whole, half = (answers(files[name], given)[1] for name in ("fp32", "fp16"))
    assert half.dtype == np.float32
    assert 0 < np.abs(whole - half).max() < 0.01
    metadata = onnxruntime.InferenceSession(files["fp16"]).get_modelmeta().custom_metadata_map
    assert json.loads(metadata["brushprint"]) == FACTS


def test_weights_beyond_the_range_of_half_precision_stay_in_single_precision(tmp_path: Path) -> None:
    model = random_model("cifake", 32)
    with torch.no_grad():
        model.network.hidden.weight[0, 0] = 1e5
    onnx_models.export(model, FACTS, tmp_path / "model.onnx")
    onnx_models.halve(tmp_path / "model.onnx", tmp_path / "half.onnx")
    stored = {weight.name: weight.data_type for weight in onnx.load(tmp_path / "half.onnx").graph.initializer}
    assert stored["network.hidden.weight"] == onnx.TensorProto.FLOAT
    assert stored["network.conv2.weight.half"] == onnx.TensorProto.FLOAT16
    assert np.isfinite(answers(tmp_path / "half.onnx", pictures(2, 32))[0]).all()


def test_weights_too_large_for_an_onnx_file_are_refused_in_one_line(tmp_path: Path) -> None:
    model = random_model("cifake", 32)
    large = Model(nn.Linear(2**15, 2**15, device="meta"), model.about)
    with pytest.raises(
        UserError, match=r"^cifake cannot be exported to ONNX: its weights take 4.0 GB, an ONNX file can hold 2;"
    ):
        onnx_models.export(large, FACTS, tmp_path / "model.onnx")


def test_a_network_that_torch_cannot_export_is_reported_in_one_line(tmp_path: Path) -> None:
    class Branching(nn.Module):
        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            return inputs.mean((2, 3)) if inputs.sum() > 0 else inputs.amax((2, 3))

    model = Model(Branching(), random_model("cifake", 32).about)
    with pytest.raises(
        UserError, match=r"^cifake cannot be exported to ONNX: .+; set another architecture in the recipe$"
    ) as told:
        onnx_models.export(model, FACTS, tmp_path / "model.onnx")
    assert "\n" not in str(told.value)
    assert not list(tmp_path.iterdir())


def test_the_check_reports_sizes_differences_and_accuracies(exported) -> None:
    (model, files), given = exported("conv3"), pictures(30, 32)
    with torch.no_grad():
        named = model.network(model.inputs(torch.from_numpy(given))).argmax(1).numpy()
    # The first 20 of 30 predictions are correct, which include some of each predicted class.
    labels = np.where(np.arange(30) < 20, named, (named + 1) % 3)
    tested = pd.DataFrame({"label": np.array(CLASSES)[labels], "group": range(30)})
    found = onnx_models.check(model, files, given, tested, temperature=1.3, seed=0)
    assert (found["opset"], found["pictures"]) == (onnx_models.OPSET, 30)
    assert found["majority"] == np.bincount(labels).max() / 30
    assert found["torch"]["accuracy"]["value"] == pytest.approx(20 / 30)
    assert found["torch"]["accuracy"]["low"] < 20 / 30 < found["torch"]["accuracy"]["high"]
    for name, file in files.items():
        assert (found[name]["bytes"], found[name]["sha256"]) == (file.stat().st_size, sha256(file))
    assert found["fp32"]["changed"] == 0
    assert found["fp32"]["balanced_accuracy"] == found["torch"]["balanced_accuracy"]
    assert found["fp32"]["probabilities"] < found["fp16"]["probabilities"] < 1e-2
    assert found["fp16"]["logits"] > found["fp32"]["logits"]


def test_a_file_whose_answers_differ_from_the_network_is_refused_in_one_line(exported) -> None:
    model, files = copy_of(exported("conv3")[0]), exported("conv3")[1]
    with torch.no_grad():
        model.network.get_submodule("head.logits").bias += torch.tensor([0.5, 0, 0])
    tested = pd.DataFrame({"label": CLASSES, "group": range(3)})
    with pytest.raises(UserError, match=r"model\.onnx: a probability differs from the network's by 0\.\d+;"):
        onnx_models.check(model, files, pictures(3, 32), tested, temperature=1.3, seed=0)


def test_changed_answers_are_counted(exported, tmp_path: Path) -> None:
    (model, files), given = exported("conv3"), pictures(8, 32)
    biased, other = copy_of(model), tmp_path / "other.onnx"
    with torch.no_grad():
        logits = model.network(model.inputs(torch.from_numpy(given)))
        biased.network.get_submodule("head.logits").bias += torch.tensor([0, 0, 1e3])
    onnx_models.export(biased, FACTS, other)
    tested = pd.DataFrame({"label": ["a"] * 4 + ["c"] * 4, "group": range(8)})
    found = onnx_models.check(model, files | {"fp16": other}, given, tested, temperature=1.3, seed=0)
    assert found["fp16"]["changed"] == int((logits.argmax(1) != 2).sum()) > 0
    assert found["fp16"]["accuracy"]["value"] == 0.5


def test_a_variant_is_exported_in_both_precisions_with_its_facts_and_checked_on_some_test_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_models, "CHECKED", 12)
    usual = {"variant": "v", "task": "source", "resize": "nearest"}
    model, pixels = random_model("conv3", 32, **usual), pictures(40, 32)
    metrics = {
        "says": {"origin": ["ai", "ai", "human"]},
        "calibration": {"temperature": 1.3},
        "verdict": {"low": 0.2, "high": 0.7, "level": 0.1},
    }
    rows = np.arange(39, 9, -1)
    test = pd.DataFrame({"row": rows, "label": np.array(CLASSES)[rows % 3], "group": rows})
    files = {"fp32": tmp_path / "v.onnx", "fp16": tmp_path / "v-fp16.onnx"}
    found = onnx_models.export_checked(model, metrics, pixels, test, files=files, harmonise=None, seed=3)
    drawn = test.iloc[stratified(test["label"], 12, 3)]
    expected = onnx_models.check(model, files, pixels[drawn["row"]], drawn, temperature=1.3, seed=3)
    assert found == expected
    assert found["pictures"] == 12
    metadata = onnxruntime.InferenceSession(files["fp16"]).get_modelmeta().custom_metadata_map
    assert json.loads(metadata["brushprint"]) == facts(model.about, metrics, None)
