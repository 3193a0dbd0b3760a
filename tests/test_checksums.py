"""SHA256SUMS says what each file was when it was made."""

import subprocess
from pathlib import Path

import pytest

from brushprint.checksums import differing, listed, write_sums


@pytest.fixture
def sums(tmp_path: Path) -> Path:
    folder = tmp_path / "results"
    for name in ("b.txt", "a/two  spaces.txt", "a/é.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    write_sums(sorted(folder.rglob("*.txt"), reverse=True), folder / "SHA256SUMS")
    return folder / "SHA256SUMS"


def test_the_tool_of_the_system_reads_it(sums: Path) -> None:
    done = subprocess.run(
        ["sha256sum", "--check", sums.name], cwd=sums.parent, capture_output=True, text=True, check=True
    )
    assert done.stdout.count(": OK") == 3


def test_files_are_listed_by_name_in_order(sums: Path) -> None:
    assert listed(sums) == {"b.txt", "a/two  spaces.txt", "a/é.txt"}
    lines = sums.read_text().splitlines()
    assert lines == sorted(lines, key=lambda line: line[66:])
    assert listed(sums.with_name("none")) == set()


def test_only_what_is_there_and_changed_differs(sums: Path, tmp_path: Path) -> None:
    memory = tmp_path / "memory.json"
    assert differing(sums, memory) == []
    (sums.parent / "b.txt").write_text("c.txt")
    (sums.parent / "a/é.txt").unlink()
    assert differing(sums, memory) == [sums.parent / "b.txt"]
    (sums.parent / "b.txt").write_text("b.txt")
    assert differing(sums, memory) == []


@pytest.mark.parametrize("content", ["", "no digest\n", "one\ntwo\n", "\x00\n"])
def test_damaged_sums_stop_nothing(sums: Path, tmp_path: Path, content: str) -> None:
    sums.write_text(content)
    assert differing(sums, tmp_path / "memory.json") == []
