"""Figures get their inputs by name, from files that are each read once, and from params."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from brushprint.core.tables import write_csv, write_json, write_parquet
from brushprint.figures import drawing
from brushprint.figures.drawing import draw

TABLE = pd.DataFrame({"a": [1, 2]})


@pytest.fixture
def inputs(tmp_path: Path) -> dict[str, Any]:
    write_csv(TABLE, tmp_path / "rows.csv")
    write_parquet(TABLE, tmp_path / "table.parquet")
    write_json({"a": 1}, tmp_path / "summary.json")
    np.save(tmp_path / "pixels.npy", np.arange(4))
    np.savez(tmp_path / "maps.npz", heat=np.arange(3))
    names = {"rows": "rows.csv", "table": "table.parquet", "summary": "summary.json", "pixels": "pixels.npy"}
    files: dict[str, Any] = {name: str(tmp_path / file) for name, file in (names | {"maps": "maps.npz"}).items()}
    return files | {"tables": [files["table"], files["table"]], "seal": str(tmp_path / "missing.json")}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The arguments that each call of `example.function` gets."""
    calls: list[dict[str, Any]] = []
    module = ModuleType("example")
    module.__dict__["function"] = lambda **arguments: calls.append(arguments)
    monkeypatch.setitem(sys.modules, "example", module)
    return calls


def drawing_of(*inputs: str, **options: str) -> dict[str, Any]:
    return {"module": "example", "function": "function", "inputs": list(inputs), "options": options}


def test_a_function_gets_the_inputs_that_it_names_read_by_file_type(inputs: dict, calls: list) -> None:
    drawings = [
        drawing_of("rows", "table", "summary"),
        drawing_of("pixels", "maps", space="2d"),
        drawing_of("tables", "variants"),
    ]
    draw(drawings, inputs, {"variants": ["x", "y"]}, ["a.png", "b.png", "c.png"])
    first, second, third = calls
    assert [call["target"] for call in calls] == [Path("a.png"), Path("b.png"), Path("c.png")]
    assert first["rows"].equals(TABLE)
    assert first["table"].equals(TABLE)
    assert first["summary"] == {"a": 1}
    assert isinstance(second["pixels"], np.memmap)
    assert second["maps"]["heat"].tolist() == [0, 1, 2]
    assert second["space"] == "2d"
    assert set(second) == {"pixels", "maps", "space", "target"}
    assert [table.equals(TABLE) for table in third["tables"]] == [True, True]
    assert third["variants"] == ["x", "y"]


def test_a_file_is_read_once_for_all_figures(inputs: dict, calls: list, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    reader = drawing._READERS[".parquet"]
    monkeypatch.setitem(drawing._READERS, ".parquet", lambda file: read.append(file) or reader(file))
    draw([drawing_of("table"), drawing_of("table")], inputs, {}, ["a.png", "b.png"])
    assert read == [inputs["table"]]
    assert calls[0]["table"] is calls[1]["table"]
