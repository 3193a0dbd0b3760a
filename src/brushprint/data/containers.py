"""The parts of a PNG, JPEG or WebP file: its chunks and segments, in the order of the file.

A container is walked from part to part, by the lengths that it states. Bytes that merely look like a part, because they
lie within another part or after the end of the picture, are therefore never taken for one.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"


class Part(NamedTuple):
    """A chunk or segment: its name, where it lies, and where its data lie within it."""

    kind: bytes
    start: int
    end: int
    data: slice


def is_webp(content: bytes) -> bool:
    """Whether a file begins like a WebP picture."""
    return content[:4] == b"RIFF" and content[8:12] == b"WEBP"


def png_chunks(content: bytes) -> Iterator[Part]:
    """Yield the whole chunks of a PNG file up to `IEND`, where the picture ends. `kind` is the name of the chunk."""
    position, kind = len(PNG), b""
    while kind != b"IEND" and position + 12 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, position)
        end = position + 12 + length
        if end > len(content):
            return
        yield Part(kind, position, end, slice(position + 8, end - 4))
        position = end


def is_sound(content: bytes, chunk: Part) -> bool:
    """Whether the checksum of a chunk of a PNG file is right."""
    stated = int.from_bytes(content[chunk.end - 4 : chunk.end], "big")
    return zlib.crc32(content[chunk.start + 4 : chunk.end - 4]) == stated


def jpeg_segments(content: bytes) -> Iterator[Part]:
    """Yield the whole segments of a JPEG file before the compressed pixels. `kind` is the marker, a single byte."""
    position = 2
    while position + 4 <= len(content):
        mark, marker, length = struct.unpack_from(">BBH", content, position)
        if mark == marker == 0xFF:
            # Any number of these bytes may precede a marker.
            position += 1
            continue
        end = position + 2 + length
        # Stop at 0xDA, which precedes the compressed pixels, and at the markers without a length, 0xD0 to 0xD9 and
        # 0x01.
        if mark != 0xFF or marker in (0x01, *range(0xD0, 0xDB)) or length < 2 or end > len(content):
            return
        yield Part(bytes([marker]), position, end, slice(position + 4, end))
        position = end


def webp_chunks(content: bytes) -> Iterator[Part]:
    """Yield the whole chunks of a WebP file, within the length that it states. `kind` is the name of the chunk."""
    last = min(len(content), 8 + int.from_bytes(content[4:8], "little"))
    position = 12
    while position + 8 <= last:
        kind, length = struct.unpack_from("<4sI", content, position)
        data = slice(position + 8, position + 8 + length)
        if data.stop > last:
            return
        # Chunks begin at even positions.
        position, start = data.stop + length % 2, position
        yield Part(kind, start, position, data)
