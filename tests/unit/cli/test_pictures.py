"""Arguments are files, folders or patterns; an argument without pictures is refused and the others are still used."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from brushprint.cli.pictures import picture_files

Found = tuple[list[str], list[str]]


@pytest.fixture
def search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Found]:
    """A function that returns the files for its arguments in a folder of these files, and the error lines."""
    for name in ("a/one.JPG", "a/b/two.png", "a/notes.txt", "a/._one.jpg", "three.webp", "no suffix", "*.gif"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)

    def search(*arguments: str) -> Found:
        refused: list[str] = []
        return [str(file) for file in picture_files(arguments, refused.append)], refused

    return search


@pytest.mark.parametrize(
    ("arguments", "files"),
    [
        (["a"], ["a/b/two.png", "a/one.JPG"]),
        (["three.webp", "no suffix"], ["three.webp", "no suffix"]),
        (["**/*.png", "*.webp"], ["a/b/two.png", "three.webp"]),
        # The file of this name, not the files that match the pattern.
        (["*.gif"], ["*.gif"]),
        (["a/one.JPG", "a"], ["a/one.JPG", "a/b/two.png", "a/one.JPG"]),
    ],
)
def test_files_are_listed_in_the_order_of_the_arguments(search, arguments: list[str], files: list[str]) -> None:
    assert search(*arguments) == (files, [])


@pytest.mark.parametrize(
    ("argument", "refusal"),
    [
        ("", "an argument is empty; name a file, a folder or a pattern"),
        ("four.png", "four.png: no such file or folder"),
        ("*.tiff", "*.tiff: no such file or folder"),
        ("three.webp/x.png", "three.webp/x.png: no such file or folder"),
        ("empty", "empty: no pictures in this folder"),
        ("x" * 300, f"{'x' * 300}: {os.strerror(errno.ENAMETOOLONG)}"),
    ],
)
def test_an_argument_without_a_file_is_refused_and_the_others_are_used(search, argument: str, refusal: str) -> None:
    assert search(argument, "three.webp") == (["three.webp"], [refusal])


def test_neither_pipes_nor_dangling_links_are_opened(search) -> None:
    os.mkfifo("pipe.png")
    Path("dangling.png").symlink_to("nowhere.png")
    assert search("pipe.png", "dangling.png", "*.webp") == (
        ["three.webp"],
        ["pipe.png: neither a file nor a folder", "dangling.png: no such file or folder"],
    )
    # In a folder they are ignored without an error line.
    os.mkfifo("a/pipe.png")
    assert search("a") == (["a/b/two.png", "a/one.JPG"], [])


def test_folders_are_searched_by_content_and_through_links(search, tmp_path: Path) -> None:
    Path("a/b/without suffix").write_bytes(b"\xff\xd8\xff and so on")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/linked.png").touch()
    Path("a/link").symlink_to(tmp_path / "elsewhere")
    Path("a/b/up").symlink_to(tmp_path / "a")
    assert search("a") == (["a/b/two.png", "a/b/without suffix", "a/link/linked.png", "a/one.JPG"], [])


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to this user")
def test_an_unreadable_folder_is_refused_and_the_other_files_are_listed(search) -> None:
    Path("a/b").chmod(0)
    try:
        assert search("a") == (["a/one.JPG"], [f"a/b: {os.strerror(errno.EACCES)}"])
    finally:
        Path("a/b").chmod(0o755)
