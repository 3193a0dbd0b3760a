"""The identity of a file is the sha256 of its content."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from brushprint.core.atomic import replacing

UNREADABLE = "unreadable"


def sha256(file: str | Path) -> str:
    """In hexadecimal, without reading the whole file into memory."""
    with Path(file).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_sha256(file: str | Path, target: str | Path) -> None:
    """Write the sha256 of a file to the digest file that stands for it."""
    with replacing(target) as part:
        part.write_text(sha256(file))


def key(values: Iterable[Any]) -> str:
    """One digest for several plain values, in hexadecimal."""
    return hashlib.sha256(json.dumps(list(values)).encode()).hexdigest()


def cached_sha256(files: Iterable[Path], memory: Path) -> dict[Path, str]:
    """The sha256 of each file; of one that may not be read, `UNREADABLE`.

    The file `memory` keeps them by size and time of change, so that nothing is read twice. Each call forgets the files
    that it was not asked for.
    """
    known = recalled(memory)
    looks = {
        file: "|".join(map(str, (file.resolve(), (facts := file.stat()).st_size, facts.st_mtime_ns))) for file in files
    }
    digests = {look: known.get(look) or _readable(file) for file, look in looks.items()}
    # What may not be read now may be read later, and looks the same.
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
    """What a memory holds; one that is not there, or damaged, is empty."""
    try:
        return json.loads(memory.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
