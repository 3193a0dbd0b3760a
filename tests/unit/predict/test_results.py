import json
from pathlib import Path

import pandas as pd
import pytest

from brushprint.core.errors import UserError
from brushprint.predict.results import Results, compared


def run(folder: Path, variants: dict[str, str], epochs: int = 3, task: str = "origin") -> Results:
    """Results of variants; a letter gives the outcome of each test picture (a, b, …), and `c` means correct."""
    for name, outcomes in variants.items():
        target = folder / "variants" / name
        target.mkdir(parents=True)
        (target / "model.safetensors").touch()
        accuracy = {"value": 0.5, "low": 0.2, "high": 0.8}
        metrics = {"verdict": {}, "folds": 0, "test": {"balanced_accuracy": accuracy}}
        (target / "metrics.json").write_text(json.dumps(metrics))
        settings = {"task": task, "split": {"name": "natural"}, "recipe": {"epochs": epochs}}
        made = {"settings": settings, "data": {"pixels": str(epochs)}, "code": {"train": ["a"]}}
        (target / "provenance.json").write_text(json.dumps(made))
        table = {"image_id": list("abcdefgh"[: len(outcomes)]), "group": range(len(outcomes)), "partition": "test"}
        table["outcome"] = ["correct" if letter == "c" else "misclassified" for letter in outcomes]
        predictions = pd.DataFrame(table)
        # Validation pictures are not compared.
        other = predictions.head(1).assign(image_id="z", partition="validation")
        pd.concat([predictions, other]).to_parquet(target / "predictions.parquet")
    return Results(folder)


def test_the_recommended_variant_comes_first(tmp_path: Path) -> None:
    names = {"a": "c", "b": "c", "c": "c", "b+seed-1": "c"}
    assert run(tmp_path / "unfinished", names).variants == ["a", "b", "c"]
    results = run(tmp_path / "finished", names)
    (results.folder / "recommended.json").write_text(json.dumps({"variant": "b"}))
    assert results.variants == ["b", "a", "c"]


def test_pictures_in_folds_count_as_training_pictures_of_a_cross_validated_variant(tmp_path: Path) -> None:
    results = run(tmp_path, {"head": "c", "network": "c"})
    (tmp_path / "splits").mkdir()
    split = pd.DataFrame({"image_id": [*"abc"], "partition": ["train", "test", "test"], "fold": [0, 1, -1], "copy": 0})
    split.to_parquet(tmp_path / "splits/natural.parquet")
    pd.DataFrame({"image_id": [*"abc"], "sha256": [*"123"]}).to_parquet(tmp_path / "catalogue.parquet")
    file = results.path("head", "metrics.json")
    file.write_text(json.dumps(json.loads(file.read_text()) | {"folds": 5}))
    assert results.partitions("head") == {"1": "train", "2": "train", "3": "test"}
    assert results.partitions("network") == {"1": "train", "2": "test", "3": "test"}


def test_two_runs_are_compared_on_the_test_pictures_of_both(tmp_path: Path) -> None:
    first = run(tmp_path / "first", {"v": "ccccxx", "w": "cxcx", "only here": "c"})
    second = run(tmp_path / "second", {"v": "cxxxxxcc", "w": "cxcx"}, epochs=9)
    rows = {row["variant"]: row for row in compared(first, second)}
    assert list(rows) == ["v", "w"]
    paired = rows["v"]["paired"]
    assert (paired["pictures"], paired["first_alone"], paired["second_alone"]) == (6, 3, 0)
    assert paired["p_corrected"] == pytest.approx(2 * paired["p"])
    assert rows["w"]["paired"]["p_corrected"] == 1
    assert rows["v"]["settings"] == {"recipe.epochs": [3, 9]}
    assert (rows["v"]["data"], rows["v"]["code"]) == (["pixels"], [])


def test_variants_with_different_tasks_are_not_paired(tmp_path: Path) -> None:
    first, second = run(tmp_path / "first", {"v": "cc"}), run(tmp_path / "second", {"v": "cc"}, task="source")
    (row,) = compared(first, second)
    assert row["paired"] is None
    with pytest.raises(UserError, match="have no variant in common"):
        compared(first, run(tmp_path / "third", {"w": "cc"}))


def test_predictions_of_an_earlier_version_are_reported_in_one_line(tmp_path: Path) -> None:
    first, second = run(tmp_path / "first", {"v": "cc"}), run(tmp_path / "second", {"v": "cc"})
    file = second.path("v", "predictions.parquet")
    pd.read_parquet(file).drop(columns="outcome").to_parquet(file)
    with pytest.raises(UserError, match=r"predictions\.parquet is damaged; run snakemake again"):
        compared(first, second)
