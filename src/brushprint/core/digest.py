"""Digests: brushprint identifies a file by the SHA-256 of its content."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from brushprint.core.atomic import replacing

UNREADABLE = "unreadable"


def sha256(file: str | Path) -> str:
    """The sha256 of a file in hexadecimal, computed without reading the whole file into memory."""
    with Path(file).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_sha256(file: str | Path, target: str | Path) -> None:
    """Write the SHA-256 of a file to the digest file `target`, which rules take as input in place of the file."""
    with replacing(target) as part:
        part.write_text(sha256(file))


def key(values: Iterable[Any]) -> str:
    """One sha256 for several values that JSON can hold, in hexadecimal."""
    return hashlib.sha256(json.dumps(list(values)).encode()).hexdigest()


def cached_sha256(files: Iterable[Path], memory: Path) -> dict[Path, str]:
    """The sha256 of each file, or `UNREADABLE` for a file that cannot be read.

    The file `memory` caches the digests by path, size and modification time, so that an unchanged file is read only
    once. Each call removes the entries of all other files from the cache.
    """
    known = recalled(memory)
    looks = {
        file: "|".join(map(str, (file.resolve(), (facts := file.stat()).st_size, facts.st_mtime_ns))) for file in files
    }
    digests = {look: known.get(look) or _readable(file) for file, look in looks.items()}
    # Do not cache unreadable files: they may become readable without a change of size or time.
    read = {look: digest for look, digest in digests.items() if digest != UNREADABLE}
    if read != known:
        with replacing(memory) as part:
            part.write_text(json.dumps(read))
    return {file: digests[look] for file, look in looks.items()}


def _readable(file: Path) -> str:
    try:
        return sha256(file)
    except OSError:
        return UNREADABLE


def recalled(memory: Path) -> dict[str, str]:
    """The entries of a cache file; none if the file is missing or damaged."""
    try:
        return json.loads(memory.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
