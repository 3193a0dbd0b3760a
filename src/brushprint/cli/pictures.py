"""Find the picture files for the arguments of a command."""

import glob
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

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
    # Import here, because this module loads Pillow, which takes time and which `--help` does not need.
    from brushprint.data.file_kinds import SUFFIXES  # noqa: PLC0415

    unreadable: list[OSError] = []
    files = [Path(root, name) for root, _, names in os.walk(folder, onerror=unreadable.append) for name in names]
    pictures = sorted(
        file for file in files if file.suffix.lower() in SUFFIXES and not file.name.startswith("._") and file.is_file()
    )
    for error in unreadable:
        refuse(f"{error.filename}: {error.strerror}")
    if not pictures and not unreadable:
        refuse(f"{folder}: no pictures in this folder")
    return pictures
