"""How tables and values are written, whole or not at all, the same bytes for the same content; and features read."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from brushprint.atomic import replacing


def write_parquet(table: pd.DataFrame | pa.Table, target: str | Path) -> None:
    """Write a table; a frame's index is not kept."""
    if isinstance(table, pd.DataFrame):
        table = pa.Table.from_pandas(table, preserve_index=False)
    with replacing(target) as part:
        pq.write_table(table, part)


def write_csv(table: pd.DataFrame, target: str | Path) -> None:
    """Write a table with every digit of its numbers."""
    with replacing(target) as part:
        table.to_csv(part, index=False, lineterminator="\n")


def write_json(value: Any, target: str | Path) -> None:
    """Write plain values; refuses what JSON has no word for, like nan."""
    with replacing(target) as part:
        part.write_text(json.dumps(value, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def feature_matrix(features: pa.Table, layer: str) -> np.ndarray:
    """The features of a layer as float32 [pictures, values]."""
    column = features[layer].combine_chunks()
    return column.flatten().to_numpy().reshape(len(column), -1)
