"""SHA256SUMS lists the SHA-256 of each file at the time when the list was written."""

import subprocess
from pathlib import Path

import pytest

from brushprint.core.digest import sha256
from brushprint.workflow.checksums import read_sums, write_sums


@pytest.fixture
def sums(tmp_path: Path) -> Path:
    folder = tmp_path / "results"
    for name in ("b.txt", "a/two  spaces.txt", "a/é.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    write_sums(sorted(folder.rglob("*.txt"), reverse=True), folder / "SHA256SUMS")
    return folder / "SHA256SUMS"


def test_sha256sum_accepts_the_file(sums: Path) -> None:
    done = subprocess.run(
        ["sha256sum", "--check", sums.name], cwd=sums.parent, capture_output=True, text=True, check=True
    )
    assert done.stdout.count(": OK") == 3


def test_files_are_listed_by_name_in_order(sums: Path) -> None:
    stated = read_sums(sums)
    assert stated == {str(file): sha256(file) for file in sums.parent.rglob("*.txt")}
    assert list(stated) == sorted(stated)
    assert read_sums(sums.with_name("none")) == {}


@pytest.mark.parametrize("content", [b"", b"no digest\n", b"one\ntwo\n", b"\x00\xff\n"])
def test_a_damaged_file_is_read_as_empty(sums: Path, content: bytes) -> None:
    sums.write_bytes(content)
    assert read_sums(sums) == {}
