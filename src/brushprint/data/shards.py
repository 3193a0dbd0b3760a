"""Read the pictures of Parquet shards, the form of most data sets on Hugging Face, row by row."""

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import cache
from itertools import accumulate, islice
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from brushprint.core.job_log import LOG
from brushprint.data.taxonomy import PUBLISHED_LEVELS

# Binary columns of these names hold pictures, even if the file does not declare it.
_PICTURES = ("image", "img", "picture", "jpg", "jpeg", "png", "webp")
# The number of rows whose pictures are in memory at once.
_ROWS = 16


class Shard:
    """One Parquet file with a column of pictures.

    Each row has a path below the file's folder, so that rules for the names of folders label it: the partition that the
    file is named after (`train-00000-of-00002.parquet`, `test_0.parquet`), a folder for the class in each column of
    classes, and the name of the file, the number of the row and the stored name of the picture.
    """

    def __init__(self, file: Path) -> None:
        """Open the file. Raises `ValueError`, `pyarrow.ArrowException` or `OSError` for a damaged or another file."""
        # Without these options, the pictures of a whole row group would be in memory at once.
        self._file = pq.ParquetFile(file, pre_buffer=False, buffer_size=1 << 20)
        self._name = file.stem
        schema = self._file.schema_arrow
        if len(set(schema.names)) < len(schema.names):
            raise ValueError("two columns have the same name")
        declared = _declared(schema)
        self._image = _image_column(schema, declared)
        self._classes = {name: classes for name, classes in _classes(schema, declared).items() if name != self._image}
        groups = range(self._file.num_row_groups)
        rows = [self._file.metadata.row_group(group).num_rows for group in groups]
        # The first row of each row group, and the number of all rows.
        self._starts = [0, *accumulate(rows)]
        self._ahead: Iterator[bytes | None] = iter(())
        self._next = 0
        self._broken: dict[int, Exception] = {}

    @property
    def has_pictures(self) -> bool:
        """Whether the file has a column of pictures."""
        return self._image is not None

    def paths(self) -> Iterator[str]:
        """Yield the path of each row; the pictures themselves are not read."""
        split = re.split("[-_.]", self._name)[0]
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
        """The bytes of the picture in a row, None if it has none. Rows are best asked for in ascending order.

        A row behind damage in its row group raises the exception of the damaged row.
        """
        group = bisect_right(self._starts, row) - 1
        if group in self._broken:
            raise self._broken[group]
        if row < self._next or self._next <= self._starts[group]:
            self._ahead, self._next = self._pictures(group), self._starts[group]
        skipped, self._next = row - self._next, row + 1
        try:
            return next(islice(self._ahead, skipped, None))
        except Exception as error:  # each compression method raises its own kinds of exceptions
            self._broken[group], self._next = error, 0
            raise

    def _path(self, folders: list[str], number: int, name: str | None) -> str:
        stored = PurePosixPath((name or "").replace("\\", "/")).name
        return "/".join([*filter(None, folders), "-".join(filter(None, [self._name, f"{number:06}", stored]))])

    def _pictures(self, group: int) -> Iterator[bytes | None]:
        nested = self._field("bytes")
        column = f"{self._image}.bytes" if nested else self._image
        for batch in self._file.iter_batches(_ROWS, row_groups=[group], columns=[column]):
            pictures = batch.column(self._image)
            yield from (pictures.field("bytes") if nested else pictures).to_pylist()

    def _field(self, name: str) -> bool:
        """Whether the column of pictures has the field `bytes` or `path`, as in the data sets of Hugging Face."""
        kind = self._file.schema_arrow.field(self._image).type
        return pa.types.is_struct(kind) and _has(kind, name, _is_binary if name == "bytes" else _is_text)


def _declared(schema: pa.Schema) -> dict[str, dict[str, Any]]:
    """What the metadata of Hugging Face's library say about each column."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        return {name: feature for name, feature in features.items() if isinstance(feature, dict)}
    except (KeyError, TypeError, ValueError, AttributeError):
        return {}


def _image_column(schema: pa.Schema, declared: dict[str, dict[str, Any]]) -> str | None:
    """The column of pictures: one that is declared as such, else one that looks like it; a usual name comes first."""
    holding = [
        field.name
        for field in schema
        if _is_binary(field.type) or (pa.types.is_struct(field.type) and _has(field.type, "bytes", _is_binary))
    ]
    named = [name for name in holding if name.lower() in _PICTURES]
    pictures = [name for name in holding if declared.get(name, {}).get("_type") == "Image"]
    nested = [name for name in holding if pa.types.is_struct(schema.field(name).type) and name not in declared]
    chosen = [name for name in named if name in pictures] or pictures or named or nested
    if len(others := {*pictures, *named, *nested}) > 1:
        _note_unread(chosen[0], tuple(sorted(others - {chosen[0]})))
    return chosen[0] if chosen else None


@cache
def _note_unread(column: str, others: tuple[str, ...]) -> None:
    """Log once which columns of pictures are not read."""
    LOG.info("note: pictures are read from the column %s of the Parquet files, not from %s", column, ", ".join(others))


def _has(kind: pa.DataType, name: str, check: Callable[[pa.DataType], bool]) -> bool:
    place = kind.get_field_index(name)
    return place >= 0 and check(kind.field(place).type)


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def _is_binary(kind: pa.DataType) -> bool:
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind)


def _classes(schema: pa.Schema, declared: dict[str, dict[str, Any]]) -> dict[str, list[str] | None]:
    """The columns of classes: for each, the names of its numbers, or None if it holds the names themselves."""
    classes: dict[str, list[str] | None] = {}
    for name in schema.names:
        names = declared.get(name, {}).get("names")
        if declared.get(name, {}).get("_type") == "ClassLabel" and isinstance(names, list):
            classes[name] = [str(one) for one in names]
        elif name == "label" and _is_text(schema.field(name).type):
            classes[name] = None
    return classes


def _names(values: list[Any], names: list[str] | None) -> list[str]:
    """The names of the classes as folders; empty for a class that is missing."""
    if names is not None:
        values = [names[value] if isinstance(value, int) and 0 <= value < len(names) else None for value in values]
    return ["" if value is None else str(value).replace("/", "_").replace("\\", "_") for value in values]
