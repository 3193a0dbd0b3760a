"""The identity of a file is the sha256 of its content."""

import hashlib
from pathlib import Path


def sha256(file: str | Path) -> str:
    """In hexadecimal, without reading the whole file into memory."""
    with Path(file).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
