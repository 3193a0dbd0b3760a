"""Sort out the files of a collection: possible pictures, other files, and files that only accompany the pictures."""

from pathlib import Path, PurePosixPath
from typing import NamedTuple

from brushprint.data.archive import FOLDER, Member, UnreadableError, members
from brushprint.data.file_kinds import HEAD, described_by, left_by_a_program, named_as_picture, no_picture, stem_of


class Files(NamedTuple):
    """The paths of all files of a collection: possible pictures, and other files and empty folders with the reasons."""

    pictures: list[str]
    refused: dict[str, str]
    ignored: dict[str, str]


def list_files(root: str | Path, setting: str = "collection.source") -> Files:
    """Sort out the files of a collection by their names, and those without a picture's suffix by their first bytes.

    The path of an empty folder ends in a slash. Raises `UserError` as `brushprint.data.archive.members` does.
    """
    pictures: list[str] = []
    refused: dict[str, str] = {}
    ignored: dict[str, str] = {}
    folders: set[str] = set()
    filled: set[str] = set()
    for member in members(root, setting):
        if member.refused == FOLDER:
            folders.add(member.path)
            continue
        filled |= {f"{parent}/" for parent in PurePosixPath(member.path).parents}
        if left_by_a_program(member.path):
            ignored[member.path] = "file of a system or program"
        elif reason := member.refused or _no_picture(member):
            refused[member.path] = reason
        else:
            pictures.append(member.path)
    refused |= {folder: "empty folder" for folder in folders - filled if not left_by_a_program(folder)}
    stems = {stem_of(path) for path in pictures}
    for path in [path for path in refused if not stems.isdisjoint(described_by(path))]:
        del refused[path]
        ignored[path] = "description beside a picture"
    return Files(pictures, refused, ignored)


def _no_picture(member: Member) -> str | None:
    """Why a member that may be read is no picture; None if its name or its first bytes are those of a picture."""
    if named_as_picture(member.path):
        return None
    try:
        return no_picture(member.read(HEAD), member.path)
    except (UnreadableError, OSError) as error:
        return str(error)
