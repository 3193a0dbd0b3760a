"""Whatever a collection holds, a catalogue is made in which no file is lost, or one line says what is wrong."""

import io
import os
import string
import tarfile
import zipfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brushprint.core.errors import UserError
from brushprint.data.archive import FOLDER, members
from brushprint.data.catalogue import build_catalogue
from brushprint.data.decoding import FORMATS
from brushprint.data.label_table import LabelTable
from tests.conftest import encoded, picture
from tests.support.collections import LABELS

NAMES = st.text(string.printable + "\0é浮\U0001f3a8\u202e\ufffe", max_size=12) | st.sampled_from(
    [
        "../../x.jpg",
        "/x.jpg",
        "C:\\x.jpg",
        "human/../ai/x.jpg",
        "human/x.jpg",
        "human//x.jpg",
        "human/",
        "CON",
        "a" * 300,
    ]
)
CELLS = st.text(max_size=8) | st.sampled_from(["human", "ai", "x.jpg", "human/x.jpg", "test", "1", '"', "\0", "NaN"])
# Every commit is tried with 2,000 collections, on CI.
thorough = settings(
    max_examples=2000 if os.environ.get("CI") else 100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@cache
def valid(kind: str) -> bytes:
    return encoded(picture(3, (12, 10)), kind)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A picture of any format with bytes changed, cut off and appended."""
    content = bytearray(valid(draw(st.sampled_from(FORMATS))))
    for _ in range(draw(st.integers(0, 6))):
        content[draw(st.integers(0, len(content) - 1))] = draw(st.integers(0, 255))
    cut = draw(st.just(len(content)) | st.integers(0, len(content)))
    return bytes(content[:cut]) + draw(st.binary(max_size=12))


def packed(kind: str, files: Iterable[tuple[str, bytes]]) -> bytes:
    stream = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(stream, "w") as archive:
            for name, content in files:
                info = zipfile.ZipInfo("x")
                info.filename = name
                archive.writestr(info, content)
    else:
        with tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as archive:
            for name, content in files:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


@pytest.fixture
def around(tmp_path: Path) -> Path:
    """A folder for a collection, with a file beside it."""
    (tmp_path / "inside").mkdir()
    (tmp_path / "x.jpg").write_bytes(b"outside")
    return tmp_path / "inside"


@thorough
@given(
    kind=st.sampled_from(["zip", "tar"]),
    files=st.lists(st.tuples(st.sampled_from(["human/", "ai/", ""]), NAMES, damaged()), min_size=1, max_size=3),
    rows=st.none() | st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=3),
)
@pytest.mark.filterwarnings("ignore")
def test_any_archive_with_any_labels_is_catalogued_completely_or_refused_in_one_line(
    around: Path, kind: str, files: list, rows: list | None
) -> None:
    root, table = around / "x", around / "labels.csv"
    try:
        root.write_bytes(packed(kind, [(folder + name, content) for folder, name, content in files]))
    except (ValueError, UnicodeError):  # the format cannot hold this name
        return
    before = {file: file.read_bytes() for file in around.parent.rglob("*") if file.is_file() and file != table}
    try:
        labels = LABELS
        if rows is not None:
            table.write_text("\n".join(["path,origin,split", *map(",".join, rows)]), encoding="utf-8", newline="")
            labels = LabelTable(table)
        tables = build_catalogue(root, labels, images=None, max_rejected=1, seed=0, jobs=1)
    except UserError as error:
        assert "\n" not in str(error)
    else:
        listed = [path for part in tables[:3] for path in part["path"]]
        assert len(listed) == len(set(listed))
        assert {member.path for member in members(root) if member.refused != FOLDER} <= set(listed)
        assert sum(member.refused != FOLDER for member in members(root)) <= len(listed)
    after = {file: file.read_bytes() for file in around.parent.rglob("*") if file.is_file() and file != table}
    assert after == before
