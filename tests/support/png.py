"""PNG files, chunk by chunk."""

import struct
import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(name: bytes, data: bytes) -> bytes:
    """A chunk with its length and checksum."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def chunks(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """The name of each chunk of a file, and where it starts and ends."""
    start = len(SIGNATURE)
    while start < len(content):
        length, name = struct.unpack_from(">I4s", content, start)
        yield name, start, start + 12 + length
        start += 12 + length


def claiming(width: int, height: int) -> bytes:
    """A file that claims to have this size, and has no pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
