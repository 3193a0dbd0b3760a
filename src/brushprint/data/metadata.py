"""Remove broken metadata from picture files, so that it never costs a picture whose pixels are fine.

Pillow refuses a whole file for some broken metadata: text of more than a mebibyte in a PNG, which image generators
write, or a wrong checksum of a chunk without pixels. What is removed here holds no pixels and is not used elsewhere.
"""

import zlib
from collections.abc import Iterable

from brushprint.data.containers import JPEG, PNG, Part, is_sound, jpeg_segments, png_chunks

# The chunks of a PNG, besides the critical ones, that decide its pixels: transparency, and the frames of an animation.
_PNG_PIXELS = {b"tRNS", b"acTL", b"fcTL", b"fdAT"}
# Pillow accepts colour profiles and texts in a PNG below this length in bytes.
_LIMIT = 2**20
# The names of texts in which programs store the EXIF orientation.
_ORIENTING = {b"XML:com.adobe.xmp", b"Raw profile type exif", b"Raw profile type APP1"}
# The smallest length in bytes of the segments of a JPEG that begin with these names.
_JPEG_HEADERS = {b"JFIF": 14, b"ICC_PROFILE\0": 14, b"Adobe": 12}
# The marker of segments that Photoshop writes, which Pillow cannot always read.
_PHOTOSHOP = b"\xed"


def without_broken_metadata(content: bytes) -> bytes:
    """Return the content of a PNG or JPEG file without broken metadata and unused text; other contents as they are.

    Colour profiles, EXIF blocks and texts with the EXIF orientation are kept if Pillow can read them.
    """
    if content.startswith(PNG):
        return _without(content, (chunk for chunk in png_chunks(content) if not _is_kept_chunk(content, chunk)))
    if content.startswith(JPEG):
        return _without(content, (part for part in jpeg_segments(content) if not _is_kept_segment(content, part)))
    return content


def _without(content: bytes, parts: Iterable[Part]) -> bytes:
    """A file without some of its parts."""
    kept, begin = [], 0
    for part in parts:
        kept.append(content[begin : part.start])
        begin = part.end
    return b"".join([*kept, content[begin:]]) if kept else content


def _is_kept_chunk(content: bytes, chunk: Part) -> bool:
    """Whether a chunk of a PNG file is kept."""
    if not chunk.kind[0] & 0x20 or chunk.kind in _PNG_PIXELS:
        return True
    check = _PNG_CHECKS.get(chunk.kind)
    return check is not None and is_sound(content, chunk) and check(content[chunk.data])


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


def _is_kept_segment(content: bytes, segment: Part) -> bool:
    """Whether a segment of a JPEG file is kept."""
    data = content[segment.data]
    smallest = next((size for name, size in _JPEG_HEADERS.items() if data.startswith(name)), 0)
    return segment.kind != _PHOTOSHOP and len(data) >= smallest
