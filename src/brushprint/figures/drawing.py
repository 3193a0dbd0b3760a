"""Draws declared figures from the files of a rule."""

import json
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

# How each type of file is read: tables as pandas.DataFrame, `.npz` as a dict of arrays, `.npy` memory-mapped.
_READERS = {
    ".csv": pd.read_csv,
    ".json": lambda file: json.loads(Path(file).read_text(encoding="utf-8")),
    ".npy": lambda file: np.load(file, mmap_mode="r"),
    ".npz": lambda file: dict(np.load(file)),
    ".parquet": pd.read_parquet,
}


def draw(
    drawings: Sequence[Mapping[str, Any]],
    inputs: Mapping[str, str | Sequence[str]],
    params: Mapping[str, Any],
    targets: Sequence[str],
) -> None:
    """Draw each figure into its target.

    Parameters
    ----------
    drawings : for each figure, what `brushprint.figures.declaration.Figure.drawing` gives
    inputs : files by the names that drawing functions give them; only those that are named are read, each once, and
        several files of one name as a list
    params : further values that drawing functions name
    targets : a file for each figure
    """
    values = dict(params)
    for drawing, target in zip(drawings, targets, strict=True):
        function = getattr(import_module(drawing["module"]), drawing["function"])
        for name in drawing["inputs"]:
            if name not in values:
                values[name] = _read(inputs[name])
        arguments = {name: values[name] for name in drawing["inputs"]}
        function(**arguments, **drawing["options"], target=Path(target))


def _read(files: str | Sequence[str]) -> Any:
    if isinstance(files, str):
        return _READERS[Path(files).suffix](files)
    return [_read(file) for file in files]
