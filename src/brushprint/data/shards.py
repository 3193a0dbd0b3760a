"""Read the pictures of Parquet shards, the form of most data sets on Hugging Face, row by row."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from brushprint.data.taxonomy import PUBLISHED_LEVELS

# Binary columns of these names hold pictures, even if the file does not declare it.
_PICTURES = ("image", "img", "picture", "jpg", "jpeg", "png", "webp")
# The number of rows whose pictures are in memory at once.
_ROWS = 16


class Shard:
    """One Parquet file with a column of pictures.

    Each row has a path below the file's folder, so that rules for the names of folders label it: the partition that the
    file is named after (`train-00000-of-00002.parquet`), a folder for the class in each column of classes, and the name
    of the file, the number of the row and the stored name of the picture.
    """

    def __init__(self, file: Path) -> None:
        """Open the file. Raises `pyarrow.ArrowException` or `OSError` if it is damaged or no Parquet file."""
        # Without these options, the pictures of a whole row group would be in memory at once.
        self._file = pq.ParquetFile(file, pre_buffer=False, buffer_size=1 << 20)
        self._name = file.stem
        schema = self._file.schema_arrow
        declared = _declared(schema)
        self._image = next((name for name in schema.names if _is_image(schema.field(name), declared)), None)
        self._classes = {name: classes for name, classes in _classes(schema, declared).items() if name != self._image}
        self._ahead: Iterator[bytes | None] = iter(())
        self._next = 0

    @property
    def has_pictures(self) -> bool:
        """Whether the file has a column of pictures."""
        return self._image is not None

    def paths(self) -> Iterator[str]:
        """Yield the path of each row; the pictures themselves are not read."""
        split = self._name.partition("-")[0]
        folders = [split] if split.lower() in PUBLISHED_LEVELS else []
        columns = list(self._classes)
        if self._field("path"):
            columns.append(f"{self._image}.path")
        number = 0
        for batch in self._file.iter_batches(columns=columns) if columns else []:
            labels = [_names(batch.column(name).to_pylist(), classes) for name, classes in self._classes.items()]
            stored = batch.column(self._image).field("path").to_pylist() if self._field("path") else [""] * len(batch)
            for name, *classes in zip(stored, *labels, strict=True):
                yield self._path([*folders, *classes], number, name)
                number += 1
        while number < self._file.metadata.num_rows:
            yield self._path(folders, number, "")
            number += 1

    def picture(self, row: int) -> bytes | None:
        """The bytes of the picture in a row, None if it has none. Rows are best asked for in ascending order."""
        if row < self._next or not self._next:
            self._ahead, self._next = self._pictures(), 0
        skipped, self._next = row - self._next, row + 1
        return next(islice(self._ahead, skipped, None))

    def _path(self, folders: list[str], number: int, name: str | None) -> str:
        stored = PurePosixPath((name or "").replace("\\", "/")).name
        return "/".join([*filter(None, folders), "-".join(filter(None, [self._name, f"{number:06}", stored]))])

    def _pictures(self) -> Iterator[bytes | None]:
        nested = self._field("bytes")
        for batch in self._file.iter_batches(_ROWS, columns=[f"{self._image}.bytes" if nested else self._image]):
            column = batch.column(self._image)
            yield from (column.field("bytes") if nested else column).to_pylist()

    def _field(self, name: str) -> bool:
        """Whether the column of pictures has a field of this name, as in the data sets of Hugging Face."""
        kind = self._file.schema_arrow.field(self._image).type
        return pa.types.is_struct(kind) and kind.get_field_index(name) >= 0


def _declared(schema: pa.Schema) -> dict[str, dict[str, Any]]:
    """What the metadata of Hugging Face's library say about each column."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        return {name: feature for name, feature in features.items() if isinstance(feature, dict)}
    except (KeyError, TypeError, ValueError, AttributeError):
        return {}


def _is_image(field: pa.Field, declared: dict[str, dict[str, Any]]) -> bool:
    nested = pa.types.is_struct(field.type) and field.type.get_field_index("bytes") >= 0
    if declared.get(field.name, {}).get("_type") == "Image" or field.name.lower() in _PICTURES:
        return nested or _is_binary(field.type)
    return nested and _is_binary(field.type.field("bytes").type)


def _is_binary(kind: pa.DataType) -> bool:
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def _classes(schema: pa.Schema, declared: dict[str, dict[str, Any]]) -> dict[str, list[str] | None]:
    """The columns of classes: for each, the names of its numbers, or None if it holds the names themselves."""
    classes: dict[str, list[str] | None] = {}
    for name in schema.names:
        names = declared.get(name, {}).get("names")
        if declared.get(name, {}).get("_type") == "ClassLabel" and isinstance(names, list):
            classes[name] = [str(one) for one in names]
        elif name == "label" and pa.types.is_string(schema.field(name).type):
            classes[name] = None
    return classes


def _names(values: list[Any], names: list[str] | None) -> list[str]:
    """The names of the classes as folders; empty for a class that is missing."""
    if names is not None:
        values = [names[value] if isinstance(value, int) and 0 <= value < len(names) else None for value in values]
    return ["" if value is None else str(value).replace("/", "_").replace("\\", "_") for value in values]
