"""Pictures read straight out of a zip, a tar or a folder, one after the other, without unpacking anything."""

import os
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import NamedTuple

from brushprint.core.errors import UserError

# A picture file larger than this is taken for an attack or a mistake.
LARGEST_MEMBER = 128 * 2**20

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
        path = _tidy(member.path)
        yield member._replace(path=path, refused=SECOND if path in seen else member.refused)
        seen.add(path)


def _tidy(path: str) -> str:
    """One spelling for a name, without `./` and `//`, and in valid Unicode; a slash at the end stays."""
    text = path.encode(errors="surrogateescape").decode(errors="replace")
    return PurePosixPath(text).as_posix() + ("/" if text.endswith("/") else "")


def _reader(root: Path) -> Callable[[Path], Iterator[Member]]:
    if root.is_dir():
        return _in_folder
    if not root.exists():
        raise UserError(f"collection.source: {root} does not exist; give a folder, a zip or a tar")
    if root.is_file() and zipfile.is_zipfile(root):
        return _in_zip
    if root.is_file() and _is_tar(root):
        return _in_tar
    raise UserError(f"collection.source: {root} is neither a folder nor a whole zip or tar archive")


def _is_tar(root: Path) -> bool:
    try:
        return tarfile.is_tarfile(root)
    except Exception:  # the start of a compressed archive, damaged: reading it says how
        return True


def _damaged(root: Path, error: Exception) -> UserError:
    return UserError(f"collection.source: {root} is damaged ({_what(error)}); fetch it again")


def _what(error: Exception) -> str:
    return str(error) or type(error).__name__


def _in_folder(root: Path) -> Iterator[Member]:
    def fail(error: OSError) -> None:
        raise UserError(f"collection.source: {error.filename} cannot be read ({error.strerror})")

    for folder, folders, names in os.walk(root, onerror=fail):
        folders.sort()
        for name in folders:
            inner = Path(folder, name)
            path = inner.relative_to(root).as_posix()
            yield Member(path, bytes, "link to a folder, not followed") if inner.is_symlink() else _folder(path)
        for name in sorted(names):
            file = Path(folder, name)
            path = file.relative_to(root).as_posix()
            if not file.is_file():
                refused = "not a regular file"
            elif file.is_symlink() and not file.resolve().is_relative_to(root.resolve()):
                refused = "link out of the folder"
            else:
                refused = _refusal(path, file.stat().st_size)
            yield Member(path, file.read_bytes, refused)


def _in_zip(root: Path) -> Iterator[Member]:
    try:
        archive = zipfile.ZipFile(root)
    except Exception as error:  # a damaged list of members raises many kinds
        raise _damaged(root, error) from error
    with archive:
        for info in archive.infolist():
            path = info.filename.replace("\\", "/")  # old tools of Windows
            if path.endswith("/"):
                yield _folder(path)
                continue
            refused = _refusal(path, info.file_size)
            if stat.S_ISLNK(info.external_attr >> 16):
                refused = "link in the archive"
            if info.flag_bits & 1:
                refused = "encrypted"
            yield Member(path, lambda info=info: _read_zip(archive, info), refused)


def _read_zip(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(info) as stream:
            return stream.read(LARGEST_MEMBER)
    except Exception as error:  # each compression raises its own kinds
        raise UnreadableError(f"damaged in the archive ({_what(error)})") from error


def _in_tar(root: Path) -> Iterator[Member]:
    try:
        with tarfile.open(root) as archive:
            for info in archive:
                if info.isdir():
                    yield _folder(info.name)
                    continue
                if info.size < 0:  # would send tarfile back and round for ever
                    raise tarfile.ReadError("negative size")
                refused = _refusal(info.name, info.size)
                if not info.isfile():
                    refused = "link in the archive" if info.islnk() or info.issym() else "not a regular file"
                yield Member(info.name, lambda info=info: _read_tar(archive, info), refused)
            # tarfile takes a damaged header for the end.
            archive.fileobj.seek(archive.offset)
            if any(archive.fileobj.read(tarfile.BLOCKSIZE) or b"cut"):
                raise tarfile.ReadError("no end mark")
    except Exception as error:  # each compression raises its own kinds
        raise _damaged(root, error) from error


def _read_tar(archive: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    try:
        return archive.extractfile(info).read()
    except Exception as error:  # each compression raises its own kinds
        raise UnreadableError(f"damaged in the archive ({_what(error)})") from error


def _folder(path: str) -> Member:
    return Member(path.rstrip("/") + "/", bytes, "folder")


def _refusal(path: str, size: int) -> str | None:
    pure = PureWindowsPath(path)  # knows both kinds of slash, and drives
    if pure.anchor or ".." in pure.parts:
        return "path outside the archive"
    if size > LARGEST_MEMBER:
        return f"larger than {LARGEST_MEMBER // 2**20} MiB"
    return None
