"""Writers of tables and plain values. Writes are atomic, and the same content gives the same bytes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from brushprint.core.atomic import replacing

# Number of pictures that are processed at a time if all of them together may not fit into memory.
ROWS = 4096
# A writer buffers this number of rows; a row of features takes 16 kB and more.
ROW_GROUP = 16_384


def write_parquet(table: pd.DataFrame | pa.Table, target: str | Path) -> None:
    """Write a table to a Parquet file, without the index of a frame."""
    if isinstance(table, pd.DataFrame):
        table = pa.Table.from_pandas(table, preserve_index=False)
    with replacing(target) as part:
        pq.write_table(table, part, row_group_size=ROW_GROUP)


def write_csv(table: pd.DataFrame, target: str | Path) -> None:
    """Write a table to a CSV file, without its index and with every digit of its numbers."""
    with replacing(target) as part:
        table.to_csv(part, index=False, lineterminator="\n")


def write_json(value: Any, target: str | Path) -> None:
    """Write plain values to a JSON file. Raises `ValueError` for values that JSON lacks, such as nan."""
    with replacing(target) as part:
        part.write_text(json.dumps(value, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def write_npz(arrays: Mapping[str, np.ndarray], target: str | Path) -> None:
    """Write arrays by name to a compressed .npz file."""
    with replacing(target) as part, part.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **arrays)


def read_features(file: str | Path, layer: str, chosen: np.ndarray) -> np.ndarray:
    """The features of a layer, float32 [pictures, values], in the rows that are `chosen`, bool [rows of the file].

    Memory holds these features and at most `ROWS` further rows.
    """
    # With `pre_buffer`, the column would take as much memory as the file.
    parquet = pq.ParquetFile(file, memory_map=True, pre_buffer=False)
    values = parquet.schema_arrow.field(layer).type.list_size
    matrix = np.empty((np.count_nonzero(chosen), values), dtype=np.float32)
    row = filled = 0
    for batch in parquet.iter_batches(ROWS, columns=[layer]):
        rows = batch[layer].flatten().to_numpy().reshape(-1, values)[chosen[row : row + len(batch)]]
        matrix[filled : filled + len(rows)] = rows
        row, filled = row + len(batch), filled + len(rows)
    return matrix
