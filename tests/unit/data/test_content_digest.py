"""A collection is identified by the names and contents of its files."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from brushprint.data.archive import content_digest


@pytest.fixture
def folder(write_files) -> Path:
    return write_files({"a/x.jpg": b"one", "b/y é.jpg": b"two"})


@pytest.fixture
def digest(tmp_path: Path) -> Callable[[Path], str]:
    """A function that returns the content digest of a path, with a new cache in each call."""
    number = iter(range(100))
    return lambda path: content_digest(path, tmp_path / f"cache-{next(number)}.json")


def test_the_digest_of_a_file_is_its_sha256(folder: Path, digest):
    assert digest(folder / "a/x.jpg") == hashlib.sha256(b"one").hexdigest()


def renamed(folder: Path) -> None:
    (folder / "a/x.jpg").rename(folder / "a/z.jpg")


def moved(folder: Path) -> None:
    (folder / "a/x.jpg").rename(folder / "b/x.jpg")


def added(folder: Path) -> None:
    (folder / "c.jpg").write_bytes(b"")


def removed(folder: Path) -> None:
    (folder / "a/x.jpg").unlink()


def rewritten(folder: Path) -> None:
    (folder / "a/x.jpg").write_bytes(b"eno")


def exchanged(folder: Path) -> None:
    (folder / "a/x.jpg").write_bytes(b"two")
    (folder / "b/y é.jpg").write_bytes(b"one")


@pytest.mark.parametrize("change", [renamed, moved, added, removed, rewritten, exchanged])
def test_the_digest_of_a_folder_changes_with_names_and_contents(folder: Path, digest, change):
    before = digest(folder)
    change(folder)
    assert digest(folder) != before


def test_the_digest_of_a_folder_ignores_its_path_and_modification_times(folder: Path, digest, tmp_path: Path):
    before = digest(folder)
    os.utime(folder / "a/x.jpg", (1, 1))
    assert digest(folder) == before
    assert digest(folder.rename(tmp_path / "elsewhere")) == before


def test_links_within_a_folder_count_like_files(folder: Path, digest):
    before = digest(folder)
    (folder / "b/link.jpg").symlink_to(folder / "a/x.jpg")
    (folder / "b/nowhere.jpg").symlink_to("none")
    assert digest(folder) != before


def test_a_file_with_the_same_size_and_modification_time_is_not_read_again(folder: Path, tmp_path: Path):
    cache, file = tmp_path / "below" / "cache.json", folder / "a/x.jpg"
    before = content_digest(folder, cache)
    written = cache.stat().st_mtime_ns
    facts = file.stat()
    file.write_bytes(b"eno")
    os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert content_digest(folder, cache) == before
    assert cache.stat().st_mtime_ns == written


def test_a_changed_file_is_read_again_in_spite_of_the_cache(folder: Path, tmp_path: Path):
    before = content_digest(folder, tmp_path / "cache.json")
    rewritten(folder)
    os.utime(folder / "a/x.jpg", (1, 1))
    assert content_digest(folder, tmp_path / "cache.json") != before


def test_a_file_is_read_once_it_becomes_readable(folder: Path, tmp_path: Path):
    memory, hidden = tmp_path / "memory.json", folder / "a/hidden.jpg"
    hidden.symlink_to("loop.jpg")
    (folder / "a/loop.jpg").symlink_to("hidden.jpg")
    before = content_digest(folder, memory)
    hidden.unlink()
    hidden.write_bytes(b"three")
    assert content_digest(folder, memory) != before
    assert "unreadable" not in memory.read_text()


def test_a_damaged_cache_counts_as_empty(folder: Path, tmp_path: Path):
    memory = tmp_path / "memory.json"
    before = content_digest(folder, memory)
    for damage in ("", "{", "no"):
        memory.write_text(damage)
        assert content_digest(folder, memory) == before


def test_files_in_linked_folders_count(folder: Path, digest, tmp_path: Path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "z.jpg").write_bytes(b"three")
    before = digest(folder)
    (folder / "c").symlink_to(outside)
    linked = digest(folder)
    (outside / "z.jpg").write_bytes(b"four")
    assert len({before, linked, digest(folder)}) == 3


def test_empty_folders_and_links_to_nothing_count(folder: Path, digest):
    before = digest(folder)
    (folder / "c").mkdir()
    empty = digest(folder)
    (folder / "nowhere").symlink_to("none")
    assert len({before, empty, digest(folder)}) == 3
