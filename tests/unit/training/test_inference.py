import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from torch.nn.functional import adaptive_max_pool2d

from brushprint.core.errors import UserError
from brushprint.models.inputs import as_input
from brushprint.models.model import Model
from brushprint.training.inference import MOST_FEATURES, infer
from tests.conftest import ARCHITECTURES, model_of

CLASSES = ["ai", "human", "other"]


@pytest.fixture(params=ARCHITECTURES)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def random_model(name: str, side: int) -> Model:
    torch.manual_seed(5)
    return model_of(name, side, CLASSES)


def held_out(count: int, side: int) -> tuple[np.ndarray, pd.DataFrame]:
    """Pixels of `2 * count` pictures, and a table of `count` of them in another order."""
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (2 * count, side, side, 3), dtype=np.uint8)
    rows = generator.permutation(2 * count)[:count]
    table = {"row": rows, "image_id": [f"id{row}" for row in rows]}
    table |= {"partition": "test", "label": generator.choice(CLASSES, count)}
    return pixels, pd.DataFrame(table, index=rows)


def run(name: str, count: int = 40, side: int = 32) -> tuple[pd.DataFrame, pa.Table]:
    pixels, table = held_out(count, side)
    return infer(random_model(name, side), pixels, table, device="cpu")


def features(table: pa.Table, layer: str) -> np.ndarray:
    return np.array(table[layer].to_pylist(), dtype=np.float32)


def test_probabilities_equal_those_of_a_plain_forward_pass(name: str):
    pixels, table = held_out(40, 32)
    model = random_model(name, 32)
    with torch.no_grad():
        inputs = torch.from_numpy(pixels[table["row"]]).permute(0, 3, 1, 2).float() / 255
        expected = model.network(inputs).softmax(1).numpy()
    probabilities, _ = infer(model, pixels, table, device="cpu")
    found = probabilities[["p_ai", "p_human", "p_other"]].to_numpy()
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert probabilities.columns[3:].tolist() == ["p_ai", "p_human", "p_other"]
    pd.testing.assert_frame_equal(
        probabilities[["image_id", "partition", "label"]],
        table[["image_id", "partition", "label"]].reset_index(drop=True),
    )


def test_the_probabilities_of_a_picture_are_float64_and_sum_to_one(name: str):
    probabilities, _ = run(name)
    found = probabilities[["p_ai", "p_human", "p_other"]].to_numpy()
    assert found.dtype == np.float64
    np.testing.assert_allclose(found.sum(1), 1, rtol=1e-12)


def test_features_equal_the_outputs_that_forward_hooks_record(name: str):
    pixels, table = held_out(10, 32)
    model, seen = random_model(name, 32), {}
    layers = model.layers
    for layer in (layers.pool, layers.penultimate):
        module = model.network.get_submodule(layer)
        module.register_forward_hook(lambda _, __, out, layer=layer: seen.update({layer: out}))
    with torch.no_grad():
        model.network(as_input(torch.from_numpy(pixels[table["row"]])))
    expected = dict(seen)
    _, table = infer(model, pixels, table, device="cpu")
    np.testing.assert_allclose(features(table, "pool"), expected[layers.pool].flatten(1), atol=1e-6)
    np.testing.assert_allclose(features(table, "penultimate"), expected[layers.penultimate], atol=1e-6)


def test_the_scaling_of_the_recipe_is_used():
    pixels, table = held_out(4, 32)
    torch.manual_seed(5)
    model = model_of("cifake", 32, CLASSES, scaling="imagenet")
    with torch.no_grad():
        inputs = as_input(torch.from_numpy(pixels[table["row"]]), "imagenet")
        expected = model.network(inputs).softmax(1).numpy()
    probabilities, _ = infer(model, pixels, table, device="cpu")
    np.testing.assert_allclose(probabilities[["p_ai", "p_human", "p_other"]], expected, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "side", "pool", "penultimate"),
    [
        ("cifake", 32, 64 * 6 * 6, 64),
        ("cifake", 128, 64 * 8 * 8, 64),
        ("tapering-cnn", 32, 8, 512),
        ("tapering-cnn", 256, 512, 512),
        ("conv3", 64, 64 * 8 * 8, 128),
        ("torchvision/resnet18", 32, 512, 512),
        ("torchvision/resnet50", 64, 2048, 2048),
        ("torchvision/efficientnet_b0", 64, 1280, 1280),
    ],
)
def test_features_are_fixed_size_lists_of_float32(name: str, side: int, pool: int, penultimate: int):
    probabilities, table = run(name, count=2, side=side)
    assert table.schema.names == ["image_id", "pool", "penultimate"]
    assert table["image_id"].to_pylist() == probabilities["image_id"].tolist()
    assert table.schema.field("pool").type == pa.list_(pa.float32(), pool)
    assert table.schema.field("penultimate").type == pa.list_(pa.float32(), penultimate)


def test_a_large_pooled_map_is_max_pooled_to_the_finest_grid_that_is_small_enough():
    pixels, table = held_out(2, 128)
    model = random_model("cifake", 128)
    with torch.no_grad():
        pooled = model.network[:6](as_input(torch.from_numpy(pixels[table["row"]])))
    _, table = infer(model, pixels, table, device="cpu")
    pools = features(table, "pool")
    assert pooled[0].numel() > MOST_FEATURES >= pools.shape[1]
    np.testing.assert_allclose(pools, adaptive_max_pool2d(pooled, 8).flatten(1), atol=1e-6)


def test_the_batch_size_changes_results_only_by_rounding(name: str, monkeypatch: pytest.MonkeyPatch):
    whole = run(name)
    monkeypatch.setattr("brushprint.training.inference.batch_of", lambda row: 7)
    parts = run(name)
    pd.testing.assert_frame_equal(whole[0], parts[0], rtol=1e-5)
    for layer in ("pool", "penultimate"):
        np.testing.assert_allclose(features(whole[1], layer), features(parts[1], layer), atol=1e-5)


def test_two_runs_give_the_same_bits(name: str):
    one, other = run(name), run(name)
    pd.testing.assert_frame_equal(one[0], other[0], check_exact=True)
    assert one[1].equals(other[1])


def test_inference_removes_its_hooks(name: str):
    pixels, table = held_out(4, 32)
    model = random_model(name, 32)
    infer(model, pixels, table, device="auto")
    assert not any(module._forward_hooks for module in model.network.modules())


def test_a_class_that_the_network_does_not_know_is_reported():
    pixels, table = held_out(4, 32)
    with pytest.raises(UserError, match="no training picture has the class 'cubism'"):
        infer(random_model("cifake", 32), pixels, table.assign(label=["ai", "cubism", "human", "ai"]), device="cpu")


def test_missing_held_out_pictures_are_reported():
    with pytest.raises(UserError, match="no validation or test picture has a class"):
        run("cifake", count=0)
