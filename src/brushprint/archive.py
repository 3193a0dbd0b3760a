"""Pictures read straight out of a zip, a tar or a folder, one after the other, without unpacking anything."""

import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from brushprint.errors import UserError

# A picture file larger than this is taken for an attack or a mistake.
LARGEST_MEMBER = 512 * 2**20

SECOND = "a second file of this name"


class Member(NamedTuple):
    """One file of a collection: its name with forward slashes, and how to read it, or why it cannot be.

    A folder comes too, with a slash at the end of its name and refused.
    """

    path: str
    read: Callable[[], bytes]
    refused: str | None


class UnreadableError(ValueError):
    """The archive cannot give the bytes of a member; the message says why."""


def members(root: str | Path) -> Iterator[Member]:
    """Each file in the folder, zip or tar `root`; read a member, if at all, before asking for the next.

    Nothing is trusted: links, devices, names outside the root, encrypted and oversized members come with the reason
    why they are refused. Raises `UserError` when `root` is missing or no archive.
    """
    seen = set()
    for member in _reader(Path(root))(Path(root)):
        yield member._replace(refused=SECOND) if member.path in seen else member
        seen.add(member.path)


def _reader(root: Path) -> Callable[[Path], Iterator[Member]]:
    if root.is_dir():
        return _in_folder
    if not root.exists():
        raise UserError(f"collection.source: {root} does not exist; give a folder, a zip or a tar")
    if zipfile.is_zipfile(root):
        return _in_zip
    if tarfile.is_tarfile(root):
        return _in_tar
    raise UserError(f"collection.source: {root} is neither a folder nor a zip or tar archive")


def _in_folder(root: Path) -> Iterator[Member]:
    for folder, folders, names in os.walk(root):  # links to folders are not followed
        for name in folders:
            yield _folder(Path(folder, name).relative_to(root).as_posix())
        for name in sorted(names):
            file = Path(folder, name)
            refused = None if file.is_file() else "not a regular file"
            if file.is_symlink() and not file.resolve().is_relative_to(root.resolve()):
                refused = "link out of the folder"
            path = file.relative_to(root).as_posix().encode(errors="surrogateescape").decode(errors="replace")
            yield Member(path, file.read_bytes, refused or _refusal(path, file.lstat().st_size))


def _in_zip(root: Path) -> Iterator[Member]:
    with zipfile.ZipFile(root) as archive:
        for info in archive.infolist():
            if info.is_dir():
                yield _folder(info.filename)
                continue
            refused = _refusal(info.filename, info.file_size)
            if stat.S_ISLNK(info.external_attr >> 16):
                refused = "link in the archive"
            if info.flag_bits & 1:
                refused = "encrypted"
            yield Member(info.filename, lambda info=info: _read_zip(archive, info), refused)


def _read_zip(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(info) as stream:
            return stream.read(LARGEST_MEMBER)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        raise UnreadableError(f"damaged in the archive ({error})") from error


def _in_tar(root: Path) -> Iterator[Member]:
    try:
        with tarfile.open(root) as archive:
            for info in archive:
                if info.isdir():
                    yield _folder(info.name)
                    continue
                refused = _refusal(info.name, info.size)
                if not info.isfile():
                    refused = "link in the archive" if info.islnk() or info.issym() else "not a regular file"
                yield Member(info.name, lambda info=info: _read_tar(archive, info), refused)
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise UserError(f"collection.source: {root} is damaged ({error}); fetch it again") from error


def _read_tar(archive: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    try:
        return archive.extractfile(info).read()
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise UnreadableError(f"damaged in the archive ({error})") from error


def _folder(path: str) -> Member:
    return Member(path.rstrip("/") + "/", bytes, "folder")


def _refusal(path: str, size: int) -> str | None:
    pure = PurePosixPath(path.replace("\\", "/"))
    if pure.is_absolute() or ".." in pure.parts or (pure.parts[:1] and pure.parts[0].endswith(":")):
        return "path outside the archive"
    if size > LARGEST_MEMBER:
        return f"larger than {LARGEST_MEMBER // 2**20} MiB"
    return None
