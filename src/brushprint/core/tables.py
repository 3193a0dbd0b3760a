"""How tables and values are written, whole or not at all, the same bytes for the same content; and features read."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from brushprint.core.atomic import replacing

# So many pictures are computed with at a time where all of them together would not fit into memory.
ROWS = 4096
# A writer holds as many rows before it writes them; rows of features are 16 kB and more.
ROW_GROUP = 16_384


def write_parquet(table: pd.DataFrame | pa.Table, target: str | Path) -> None:
    """Write a table; a frame's index is not kept."""
    if isinstance(table, pd.DataFrame):
        table = pa.Table.from_pandas(table, preserve_index=False)
    with replacing(target) as part:
        pq.write_table(table, part, row_group_size=ROW_GROUP)


def write_csv(table: pd.DataFrame, target: str | Path) -> None:
    """Write a table with every digit of its numbers."""
    with replacing(target) as part:
        table.to_csv(part, index=False, lineterminator="\n")


def write_json(value: Any, target: str | Path) -> None:
    """Write plain values; refuses what JSON has no word for, like nan."""
    with replacing(target) as part:
        part.write_text(json.dumps(value, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def write_npz(arrays: Mapping[str, np.ndarray], target: str | Path) -> None:
    """Write arrays by name to a compressed .npz file."""
    with replacing(target) as part, part.open("wb") as stream:
        np.savez_compressed(stream, **arrays)


def read_features(file: str | Path, layer: str, chosen: np.ndarray) -> np.ndarray:
    """The features of a layer as float32 [pictures, values], of the rows that are `chosen`, bool [rows of the file].

    No more than these and some rows are in memory at a time.
    """
    # Read ahead it would be as large as the file.
    parquet = pq.ParquetFile(file, memory_map=True, pre_buffer=False)
    values = parquet.schema_arrow.field(layer).type.list_size
    matrix = np.empty((np.count_nonzero(chosen), values), dtype=np.float32)
    row = filled = 0
    for batch in parquet.iter_batches(ROWS, columns=[layer]):
        found = batch[layer].flatten().to_numpy().reshape(-1, values)[chosen[row : row + len(batch)]]
        matrix[filled : filled + len(found)] = found
        row, filled = row + len(batch), filled + len(found)
    return matrix
