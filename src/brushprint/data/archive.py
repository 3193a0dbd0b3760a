"""Read the files of a zip, a tar, a folder or Parquet shards one after the other, without unpacking them."""

import os
import re
import stat
import tarfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, NamedTuple

from brushprint.core.digest import cached_sha256, key
from brushprint.core.errors import UserError

if TYPE_CHECKING:
    from brushprint.data.shards import Shard

# A picture file above this size in bytes is an attack or a mistake.
LARGEST_MEMBER = 512 * 2**20

_TOO_LARGE = f"larger than {LARGEST_MEMBER // 2**20} MiB"
PARQUET = ".parquet"
# Control characters, line ends, and marks that reverse the direction of writing.
_HIDING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
SECOND = "a second file of this name"
# The reason for which each folder is refused: it is no file.
FOLDER = "folder"


class Member(NamedTuple):
    """One file or folder of a collection.

    `path` is the name with forward slashes; the name of a folder ends in a slash. `read` returns the bytes, at most as
    many as its argument says. `refused` is the reason why the member must not be read, or None if it may be read. A
    folder is always refused.
    """

    path: str
    read: Callable[[int], bytes]
    refused: str | None


class UnreadableError(ValueError):
    """The bytes of a member cannot be read from the archive; the message gives the reason."""


def members(root: str | Path, setting: str = "collection.source") -> Iterator[Member]:
    """Yield each file and folder of the folder, zip, tar or Parquet file `root`.

    A caller that reads a member must do so before it asks for the next one. Archives are not trusted: links, devices,
    paths outside the root, encrypted members, oversized members and repeated names are yielded with the reason why they
    are refused. In a folder, links are followed, each linked folder once. Raises `UserError`, which names the `setting`
    that `root` comes from, if `root` is missing, damaged or not an archive.

    Paths are in one spelling: without `./` and `//`, and with U+FFFD for what is no text or would hide text. A path
    that occurs again gets a number at its end.

    A Parquet file with a column of pictures, itself the root or in a folder, is read as a folder with a file for each
    row; see `brushprint.data.shards`.
    """
    read = _reader(Path(root), setting)
    plain: set[str] = set()
    taken: set[str] = set()
    repeats: Counter[str] = Counter()
    for member in read(Path(root), setting):
        name = PurePosixPath(member.path).as_posix() + ("/" if member.path.endswith("/") else "")
        path = _HIDING.sub("\ufffd", name.encode(errors="surrogateescape").decode(errors="replace"))
        refused = SECOND if name in plain and member.refused != FOLDER else member.refused
        plain.add(name)
        # Callers list files by their paths, so two files must not share one.
        unique = path
        while unique in taken and member.refused != FOLDER:
            repeats[path] += 1
            unique = f"{path}~{repeats[path] + 1}"
        taken.add(unique)
        yield member._replace(path=unique, refused=refused)


def _reader(root: Path, setting: str) -> Callable[[Path, str], Iterator[Member]]:
    if root.is_dir():
        return _in_folder
    if not root.exists():
        raise UserError(f"{setting}: {root} does not exist; give a folder, a zip or a tar")
    if root.is_file():
        # The end of a tar may be a zip inside it, which would be taken for the whole.
        if _is_tar(root, setting):
            return _in_tar
        if zipfile.is_zipfile(root):
            return _in_zip
        if root.suffix.lower() == PARQUET:
            return _in_parquet_file
    raise UserError(f"{setting}: {root} is no folder and no zip, tar or Parquet file, or it is cut off")


def _is_tar(root: Path, setting: str) -> bool:
    try:
        return tarfile.is_tarfile(root)
    except PermissionError as error:
        raise UserError(f"{setting}: {root} cannot be read ({error.strerror})") from None
    except Exception:  # the start of a compressed archive is damaged: reading the archive will raise the precise error
        return True


def _damaged(root: Path, setting: str, error: Exception) -> UserError:
    return UserError(f"{setting}: {root} is damaged ({_reason(error)}); fetch it again")


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _in_folder(root: Path, setting: str) -> Iterator[Member]:
    def fail(error: OSError) -> None:
        raise UserError(f"{setting}: {error.filename} cannot be read ({error.strerror})")

    for path, refused in walk(root, fail):
        file = root / path
        if path.endswith("/"):
            yield Member(path, _nothing, refused or FOLDER)
        elif file.suffix.lower() == PARQUET and _is_file(file):
            yield from _in_shard(file, path, setting)
        else:
            yield Member(path, partial(_read_file, file), refused or _refused_file(file, path))


def walk(root: Path, fail: Callable[[OSError], None] | None = None) -> Iterator[tuple[str, str | None]]:
    """Yield the path below `root` of each folder (with a slash at the end) and each file, sorted within each folder.

    Links are followed. A linked folder that has been walked already, or that lies in the root or around it, is yielded
    with the reason why it is not followed; all others come with None. `fail` is called with the error for each folder
    that cannot be listed.
    """
    inside = root.resolve()
    followed: dict[Path, str] = {}
    for folder, folders, names in os.walk(root, onerror=fail, followlinks=True):
        folders.sort()
        for name in list(folders):
            link = Path(folder, name)
            path = link.relative_to(root).as_posix() + "/"
            refused = None
            if link.is_symlink():
                target = link.resolve()
                if target.is_relative_to(inside) or inside.is_relative_to(target):
                    refused = "link to a folder of the collection or around it, not followed"
                elif target in followed:
                    refused = f"link to the same folder as {followed[target]}, not followed"
                else:
                    followed[target] = path
            if refused:
                folders.remove(name)
            yield path, refused
        for name in sorted(names):
            yield Path(folder, name).relative_to(root).as_posix(), None


def _in_parquet_file(root: Path, setting: str) -> Iterator[Member]:
    yield from _in_shard(root, root.name, setting)


def _in_shard(file: Path, path: str, setting: str) -> Iterator[Member]:
    """Yield a member for each row of a Parquet file with pictures; any other Parquet file is itself a member."""
    # Imported here, because it takes time that other collections need not spend.
    from pyarrow import ArrowException  # noqa: PLC0415

    from brushprint.data.shards import Shard  # noqa: PLC0415

    try:
        shard = Shard(file)
        if not shard.has_pictures:
            yield Member(path, partial(_read_file, file), _refusal(path, file.stat().st_size))
            return
        for row, inner in enumerate(shard.paths()):
            inside = str(PurePosixPath(path).parent / inner)
            yield Member(inside, partial(_read_row, shard, row), _refusal(inside, 0))
    except (ArrowException, OSError, ValueError) as error:
        raise _damaged(file, setting, error) from error


def _read_row(shard: "Shard", row: int, most: int) -> bytes:
    try:
        content = shard.picture(row)
    except Exception as error:  # each compression method raises its own kinds of exceptions
        raise UnreadableError(f"damaged in the Parquet file ({_reason(error)})") from error
    if content is None:
        raise UnreadableError("the row of the Parquet file holds no picture")
    if len(content) > LARGEST_MEMBER:
        raise UnreadableError(_TOO_LARGE)
    return content[:most]


def content_digest(path: Path, memory: Path) -> str:
    """The digest of a file (its sha256) or of a folder (over the names and contents of all files below it).

    Links are followed as by `members`. The file `memory` caches the digests of the files; see
    `brushprint.core.digest`.
    """
    if not path.is_dir():
        return cached_sha256([path], memory)[path]
    names = [name for name, _ in walk(path)]
    files = sorted(path / name for name in names if not name.endswith("/"))
    digests = cached_sha256(filter(_is_file, files), memory)
    # Empty folders and links to nothing are rejected with a reason, so they count as well.
    parents = {f"{parent}/" for name in names for parent in PurePosixPath(name).parents}
    others = {name for name in names if name.endswith("/")} - parents
    others |= {file.relative_to(path).as_posix() for file in files if file not in digests}
    contents = [(file.relative_to(path).as_posix(), digest) for file, digest in digests.items()]
    return key([*contents, *((name, "") for name in sorted(others))])


def _is_file(path: Path) -> bool:
    """Whether a path is that of a file; not so in a folder that this user may list, but not enter."""
    try:
        return path.is_file()
    except PermissionError:
        return False


def _nothing(_: int) -> bytes:
    return b""


def _read_file(file: Path, most: int) -> bytes:
    with file.open("rb") as stream:
        # Python reserves as much memory as the argument says.
        return stream.read(min(most, os.fstat(stream.fileno()).st_size))


def _refused_file(file: Path, path: str) -> str | None:
    try:
        if not file.is_file():
            return "link that leads to no file" if file.is_symlink() else "not a regular file"
        return _refusal(path, file.stat().st_size)
    except PermissionError as error:
        return f"cannot be read ({error.strerror})"


def _in_zip(root: Path, setting: str) -> Iterator[Member]:
    try:
        archive = zipfile.ZipFile(root)
    except Exception as error:  # a damaged list of members raises many kinds of exceptions
        raise _damaged(root, setting, error) from error
    with archive:
        for info in archive.infolist():
            path = info.filename.replace("\\", "/")  # old Windows tools write backslashes
            if path.endswith("/"):
                yield _folder(path)
                continue
            refused = _refusal(path, info.file_size)
            if stat.S_ISLNK(info.external_attr >> 16):
                refused = "link in the archive"
            if info.flag_bits & 1:
                refused = "encrypted"
            yield Member(path, partial(_read_zip, archive, info), refused)


def _read_zip(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    try:
        with archive.open(info) as stream:
            return stream.read(min(most, LARGEST_MEMBER))
    except Exception as error:  # each compression method raises its own kinds of exceptions
        raise UnreadableError(f"damaged in the archive ({_reason(error)})") from error


def _in_tar(root: Path, setting: str) -> Iterator[Member]:
    try:
        with tarfile.open(root) as archive:
            for info in archive:
                if info.isdir():
                    yield _folder(info.name)
                    continue
                if info.size < 0:  # tarfile would step backwards and loop forever
                    raise tarfile.ReadError("negative size")
                refused = _refusal(info.name, info.size)
                if not info.isfile():
                    refused = "link in the archive" if info.islnk() or info.issym() else "not a regular file"
                yield Member(info.name, partial(_read_tar, archive, info), refused)
            _check_end(archive)
    except Exception as error:  # each compression method raises its own kinds of exceptions
        raise _damaged(root, setting, error) from error


def _check_end(archive: tarfile.TarFile) -> None:
    """Raise `tarfile.ReadError` if the end mark is missing, because tarfile mistakes a damaged header for the end."""
    archive.fileobj.seek(archive.offset)
    if any(archive.fileobj.read(tarfile.BLOCKSIZE) or b"cut"):
        raise tarfile.ReadError("the end is missing")


def _read_tar(archive: tarfile.TarFile, info: tarfile.TarInfo, most: int) -> bytes:
    try:
        stream = archive.extractfile(info)
        assert stream is not None  # the member is a regular file
        return stream.read(min(most, info.size))
    except Exception as error:  # each compression method raises its own kinds of exceptions
        raise UnreadableError(f"damaged in the archive ({_reason(error)})") from error


def _folder(path: str) -> Member:
    return Member(path.rstrip("/") + "/", _nothing, FOLDER)


def _refusal(path: str, size: int) -> str | None:
    pure = PureWindowsPath(path)  # recognises both kinds of slash, and drive letters
    if pure.anchor or ".." in pure.parts:
        return "path outside the archive"
    if size > LARGEST_MEMBER:
        return _TOO_LARGE
    return None
