"""Draws declared figures from the files of a rule."""

import json
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

# The reader of each file type: tables become a pandas.DataFrame, `.npz` becomes a dict of arrays, and `.npy` is
# memory-mapped.
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
    drawings : for each figure, its `brushprint.figures.declaration.Figure.drawing`
    inputs : the files for each parameter name of the drawing functions. Only files that a function needs are read, each
        once; several files under one name are passed as a list
    params : values of further parameters of the drawing functions
    targets : the file to write for each figure, in the order of `drawings`
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
