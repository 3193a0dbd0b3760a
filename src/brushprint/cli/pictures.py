"""Find the picture files for the arguments of a command."""

import glob
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from brushprint.data.archive import walk
from brushprint.data.file_kinds import HEAD, left_by_a_program, named_as_picture, no_picture

Refuse = Callable[[str], None]


def picture_files(arguments: Iterable[str], refuse: Refuse) -> Iterator[Path]:
    """The picture files for arguments that are files, folders (searched at every depth) or patterns.

    For an argument that gives no file, `refuse` is called with one error line, and the other arguments are still used.
    """
    for argument in arguments:
        if not argument:
            refuse("an argument is empty; name a file, a folder or a pattern")
            continue
        # An existing name is not a pattern, even if it contains `*`. `Path.glob` does not accept absolute patterns.
        matches = [] if os.path.lexists(argument) else sorted(glob.glob(argument, recursive=True))  # noqa: PTH207
        for path in map(Path, matches or [argument]):
            try:
                yield from _files_at(path, refuse)
            except (FileNotFoundError, NotADirectoryError):
                refuse(f"{path}: no such file or folder")
            except OSError as error:
                refuse(f"{path}: {error.strerror}")


def _files_at(path: Path, refuse: Refuse) -> Iterator[Path]:
    """The file itself, or the picture files below a folder."""
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        yield from _files_below(path, refuse)
    elif stat.S_ISREG(mode):
        yield path
    else:
        # Reading a pipe or a device may never end.
        refuse(f"{path}: neither a file nor a folder")


def _files_below(folder: Path, refuse: Refuse) -> list[Path]:
    unreadable: list[OSError] = []
    files = [folder / path for path, _ in walk(folder, unreadable.append) if not path.endswith("/")]
    pictures = sorted(file for file in files if file.is_file() and _is_picture(file, folder))
    for error in unreadable:
        refuse(f"{error.filename}: {error.strerror}")
    if not pictures and not unreadable:
        refuse(f"{folder}: no pictures in this folder")
    return pictures


def _is_picture(file: Path, folder: Path) -> bool:
    """Whether a file below a folder has the name or the first bytes of a picture."""
    if left_by_a_program(file.relative_to(folder).as_posix()):
        return False
    if named_as_picture(file.name):
        return True
    try:
        with file.open("rb") as stream:
            return no_picture(stream.read(HEAD), file.name) is None
    except OSError:
        return False
