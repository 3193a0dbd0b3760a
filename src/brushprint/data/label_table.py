"""Labels of pictures from a table, one row per picture, in place of rules for folder names."""

import re
import warnings
from collections.abc import Set
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from brushprint.core.errors import UserError
from brushprint.data.archive import PARQUET
from brushprint.data.taxonomy import ORIGINS, PUBLISHED_LEVELS, Label, composed, normalise

SETTING = "collection.labels_file"
COLUMNS = ("path", "origin", "source", "style", "split", "folder")
# Texts that programs write for a missing value.
_MISSING = {"", "na", "n/a", "<na>", "#n/a", "nan", "none", "null"}
_SEPARATORS = (",", ";", "\t")
_SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


class LabelTable:
    """Labels from a CSV, TSV or Parquet file.

    `path` is the picture's path in the collection, and `origin` is `human` or `ai`. These columns may be missing or
    empty: `source` (then the origin), `style` (then unknown), `split` (`train`, `validation` or `test`; then none is
    published) and `folder` (then the picture's folder). Names are compared in Unicode's composed form. Other columns
    are ignored.
    """

    def __init__(self, file: str | Path) -> None:
        """Read the file. Raises `UserError` with the first mistake and its row; the first row below the names is 1."""
        self._labels: dict[str, Label] = {}
        table = _read(Path(file))
        for number, row in enumerate(table.itertuples(index=False), start=1):
            try:
                path, label = _label(row._asdict())
                if path in self._labels:
                    raise ValueError(f"a second row for {path}")
            except ValueError as error:
                raise UserError(f"{SETTING}: {file}: row {number}: {_in_one_line(error)}") from None
            self._labels[path] = label
        if not self._labels:
            raise UserError(f"{SETTING}: {file} has no rows; list a picture in each row")

    def of(self, path: str) -> Label | str:
        """The label of the picture with this path, or the reason why it has none."""
        return self._labels.get(composed(path), f"no row of {SETTING} has its path")

    def absent(self, paths: Set[str]) -> list[str]:
        """The paths of the rows whose picture is not among `paths`."""
        present = {composed(path) for path in paths}
        return [path for path in self._labels if path not in present]

    @property
    def sources(self) -> dict[str, set[str]]:
        """The sources of the pictures of each origin."""
        return {
            origin: {label.source for label in self._labels.values() if label.origin == origin} for origin in ORIGINS
        }

    @property
    def styled(self) -> bool:
        """Whether any picture has a style."""
        return any(label.style for label in self._labels.values())


def table_of(file: str) -> LabelTable:
    """The table in a file, which is read again only if it has changed. Raises `UserError`."""
    try:
        facts = Path(file).expanduser().stat()
    except OSError as error:
        raise UserError(f"{SETTING}: {file}: {error.strerror}; give a CSV, TSV or Parquet file") from None
    return _cached(file, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=1)
def _cached(file: str, _size: int, _modified: int) -> LabelTable:
    return LabelTable(Path(file).expanduser())


def _read(file: Path) -> pd.DataFrame:
    """The known columns of the file as text, an empty text where a value is missing."""
    try:
        names, table = _read_parquet(file) if file.suffix.lower() == PARQUET else _read_csv(file)
        text = table.astype("string").fillna("")
    except OSError as error:
        raise UserError(f"{SETTING}: {file}: {error.strerror or _in_one_line(error)}") from None
    except pd.errors.ParserWarning:
        raise UserError(
            f"{SETTING}: {file} has rows with more values than there are columns; put values with separators in quotes"
        ) from None
    except ValueError as error:  # also the errors of parsers and decoders
        remedy = "fetch it again" if file.suffix.lower() == PARQUET else "save it as CSV in UTF-8"
        raise UserError(f"{SETTING}: {file} is no table: {_in_one_line(error)}; {remedy}") from None
    names = [name.strip().lower() for name in names]
    for name in COLUMNS:
        if names.count(name) > 1:
            raise UserError(f"{SETTING}: {file} has two columns {name!r}; rename one")
        if name not in names and name in ("path", "origin"):
            found = _in_one_line(", ".join(names[:10]))
            raise UserError(
                f"{SETTING}: {file} has no column {name!r}; its columns are {found}; rename the one that holds each "
                f"picture's {name}"
            )
    text.columns = names
    return text.reindex(columns=list(COLUMNS), fill_value="").apply(lambda column: column.str.strip())


def _read_parquet(file: Path) -> tuple[list[str], pd.DataFrame]:
    """The names of all columns, and the table with the known ones; an index that pandas stored is a column, too."""
    names = pq.read_schema(file).names
    known = [name for name in names if name.strip().lower() in COLUMNS]
    return names, pq.read_table(file, columns=known).to_pandas(ignore_metadata=True).reindex(columns=names)


def _read_csv(file: Path) -> tuple[list[str], pd.DataFrame]:
    """The names of all columns, and the table. The first line shows how values are separated."""
    how: dict[str, Any] = {"dtype": str, "keep_default_na": False, "index_col": False, "encoding": "utf-8-sig"}
    with file.open(encoding="utf-8-sig") as stream:
        first = stream.readline()
    how["sep"] = max(_SEPARATORS, key=first.count)
    with warnings.catch_warnings():
        # pandas would drop values for which there is no name, and only warn.
        warnings.simplefilter("error", pd.errors.ParserWarning)
        table = pd.read_csv(file, **how)
    # pandas renames a repeated column.
    return list(pd.read_csv(file, header=None, nrows=1, **how).iloc[0]), table


def _in_one_line(text: object) -> str:
    return " ".join(str(text).split())


def _label(row: dict[str, str]) -> tuple[str, Label]:
    """The path and the label in a row. Raises `ValueError` with the mistake."""
    path = str(PurePosixPath(composed(row["path"]).replace("\\", "/")))
    if not row["path"]:
        raise ValueError("the path is empty")
    row = {name: "" if name != "path" and value.lower() in _MISSING else value for name, value in row.items()}
    origin, source, split = row["origin"].lower(), row["source"] or row["origin"].lower(), row["split"].lower()
    if origin not in ORIGINS:
        raise ValueError(f"the origin {row['origin']!r} is neither human nor ai")
    if not _SOURCE.fullmatch(source):
        raise ValueError(f"the source {source!r} has other characters than letters, digits, - and _")
    if split and split not in PUBLISHED_LEVELS:
        raise ValueError(f"the split {row['split']!r} is none of train, validation and test")
    folder = composed(row["folder"]) or PurePosixPath(path).parent.name or source
    return path, Label(folder, origin, source, normalise(row["style"]) or None, PUBLISHED_LEVELS.get(split))
