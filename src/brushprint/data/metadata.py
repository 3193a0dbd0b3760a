"""Remove broken metadata from picture files, so that it never costs a picture whose pixels are fine.

Pillow refuses a whole file for some broken metadata: text of more than a mebibyte in a PNG, which image generators
write, or a wrong checksum of a chunk without pixels. What is removed here holds no pixels and is not used elsewhere.
"""

import struct
import zlib
from collections.abc import Callable

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"
# The chunks of a PNG, besides the critical ones, that decide its pixels: transparency, and the frames of an animation.
_PNG_PIXELS = {b"tRNS", b"acTL", b"fcTL", b"fdAT"}
# Pillow accepts colour profiles and texts in a PNG below this length in bytes.
_LIMIT = 2**20
# The names of texts in which programs store the EXIF orientation.
_ORIENTING = {b"XML:com.adobe.xmp", b"Raw profile type exif", b"Raw profile type APP1"}
# The smallest length in bytes of the segments of a JPEG that begin with these names.
_JPEG_HEADERS = {b"JFIF": 14, b"ICC_PROFILE\0": 14, b"Adobe": 12}
# The marker of segments that Photoshop writes, which Pillow cannot always read.
_PHOTOSHOP = 0xED


def without_broken_metadata(content: bytes) -> bytes:
    """Return the content of a PNG or JPEG file without broken metadata and unused text; other contents as they are.

    Colour profiles, EXIF blocks and texts with the EXIF orientation are kept if Pillow can read them.
    """
    if content.startswith(PNG):
        return _kept(content, len(PNG), _png_chunk)
    if content.startswith(JPEG):
        return _kept(content, 2, _jpeg_segment)
    return content


def _kept(content: bytes, start: int, part_at: Callable[[bytes, int], tuple[int, bool] | None]) -> bytes:
    """Leave out the parts of a file that are not to be kept; whatever follows the last whole part stays."""
    kept, begin, position = [], 0, start
    while (found := part_at(content, position)) is not None:
        end, keep = found
        if not keep:
            kept.append(content[begin:position])
            begin = end
        position = end
    return b"".join([*kept, content[begin:]]) if kept else content


def _png_chunk(content: bytes, position: int) -> tuple[int, bool] | None:
    """The end of the chunk at a position, and whether to keep it; None if no whole chunk is there."""
    if position + 12 > len(content):
        return None
    length, kind = struct.unpack_from(">I4s", content, position)
    end = position + 12 + length
    if end > len(content):
        return None
    if not kind[0] & 0x20 or kind in _PNG_PIXELS:
        return end, True
    check = _PNG_CHECKS.get(kind)
    sound = zlib.crc32(content[position + 4 : end - 4]) == int.from_bytes(content[end - 4 : end], "big")
    return end, check is not None and sound and check(content[position + 8 : end - 4])


def _is_profile(data: bytes) -> bool:
    """Whether the data of an `iCCP` chunk hold a profile that Pillow accepts: a name, method 0, and a zlib stream."""
    _, _, rest = data.partition(b"\0")
    return rest[:1] == b"\0" and _is_short(rest[1:], compressed=True)


def _is_text(data: bytes) -> bool:
    """Whether the data of a `tEXt` or `zTXt` chunk may hold the orientation, in a text that Pillow accepts."""
    name, _, rest = data.partition(b"\0")
    return name in _ORIENTING and (_is_short(rest[1:], compressed=True) if rest[:1] == b"\0" else _is_short(rest))


def _is_international_text(data: bytes) -> bool:
    """Whether the data of an `iTXt` chunk may hold the orientation, in a text that Pillow accepts."""
    name, _, rest = data.partition(b"\0")
    flags, texts = rest[:2], rest[2:].split(b"\0", 2)
    return name in _ORIENTING and len(texts) == 3 and _is_short(texts[2], compressed=flags[:1] != b"\0")


def _is_short(data: bytes, *, compressed: bool = False) -> bool:
    """Whether data are shorter than Pillow's limit; data that are `compressed` are decompressed first."""
    try:
        return len(zlib.decompressobj().decompress(data, _LIMIT) if compressed else data) < _LIMIT
    except zlib.error:
        return False


# The chunks of a PNG without pixels that are kept, each with the check of its data: what may hold the orientation, and
# the colour profile.
_PNG_CHECKS = {
    b"eXIf": lambda data: True,
    b"iCCP": _is_profile,
    b"tEXt": _is_text,
    b"zTXt": _is_text,
    b"iTXt": _is_international_text,
}


def _jpeg_segment(content: bytes, position: int) -> tuple[int, bool] | None:
    """The end of the segment at a position, and whether to keep it; None where the compressed pixels begin."""
    if position + 4 > len(content):
        return None
    mark, marker, length = struct.unpack_from(">BBH", content, position)
    end = position + 2 + length
    # Stop at 0xDA, which precedes the compressed pixels, and at the markers without a length, 0xD0 to 0xD9 and 0x01.
    if mark != 0xFF or marker in (0x01, *range(0xD0, 0xDB), 0xFF) or end > len(content):
        return None
    data = content[position + 4 : min(end, position + 20)]
    smallest = next((size for name, size in _JPEG_HEADERS.items() if data.startswith(name)), 0)
    return end, marker != _PHOTOSHOP and length - 2 >= smallest
