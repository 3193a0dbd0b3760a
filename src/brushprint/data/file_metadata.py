"""The metadata of picture files that may say how a picture was made, each read from its valid place in the file.

PNG, JPEG and WebP files are walked by their structure, see `brushprint.data.containers`; Pillow reads TIFF, AVIF and
HEIF files. Other formats are not read.
"""

import io
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from PIL import ExifTags, Image, TiffImagePlugin

from brushprint.data.containers import (
    JPEG,
    PNG,
    Part,
    is_sound,
    is_webp,
    jpeg_segments,
    png_chunks,
    webp_chunks,
)

# Texts are not decompressed beyond this length in bytes. Workflows of ComfyUI may be megabytes long.
_LONGEST = 2**23
# How Adobe's specification of XMP marks the blocks of a JPEG file.
_XMP, _EXTENDED_XMP = b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0"
_EXIF, _PHOTOSHOP = b"Exif\0\0", b"Photoshop 3.0\0"
# The identifier of IPTC records among Photoshop's resources.
_IPTC = 0x0404
# The tags of a TIFF file; C2PA 2.1, appendix A.3.
_TIFF_XMP, _TIFF_IPTC, _TIFF_MANIFEST = 700, 33723, 52545
# The type of a JUMBF superbox that holds a C2PA manifest store, and of the box that holds it in AVIF and HEIF files.
_MANIFEST_TYPE = bytes.fromhex("6332706100110010800000AA00389B71")
_MANIFEST_BOX = bytes.fromhex("D8FEC3D61B0E483C92975828877EC481")
# ComfyUI stores its texts in tags of EXIF blocks, after their names.
_COMFYUI = re.compile(r"(prompt|workflow):\s*(\{.*)", re.DOTALL | re.IGNORECASE)


@dataclass
class FileMetadata:
    """The metadata of a file.

    `texts` are the texts of a PNG file, and those that image generators store in EXIF blocks, by name. `exif` has the
    tags of the EXIF block and of its Exif IFD by name. `xmp` are XMP packets. `iptc` holds the values of the IPTC
    records. `manifest` is the MIME type of the file if it contains a C2PA manifest store, else None.
    """

    texts: dict[str, str] = field(default_factory=dict)
    exif: dict[str, Any] = field(default_factory=dict)
    xmp: list[bytes] = field(default_factory=list)
    iptc: list[str] = field(default_factory=list)
    manifest: str | None = None


def read_metadata(content: bytes) -> FileMetadata:
    """Read the metadata of a picture file. Broken metadata are left out."""
    found = FileMetadata()
    if content.startswith(PNG):
        _read_png(content, found)
    elif content.startswith(JPEG):
        _read_jpeg(content, found)
    elif is_webp(content):
        _read_webp(content, found)
    else:
        _read_with_pillow(content, found)
    return found


def _read_png(content: bytes, found: FileMetadata) -> None:
    for chunk in png_chunks(content):
        if chunk.kind == b"IDAT" or not is_sound(content, chunk):
            continue
        if chunk.kind == b"caBX" and _is_manifest(content[chunk.data]):
            found.manifest = "image/png"
        elif chunk.kind == b"eXIf":
            _read_exif(content[chunk.data], found)
        elif text := _text(content, chunk):
            name, data = text
            _keep_text(name, data, found)


def _text(content: bytes, chunk: Part) -> tuple[str, bytes] | None:
    """The name and the text of a chunk, as bytes in UTF-8; None for other chunks."""
    name, _, rest = content[chunk.data].partition(b"\0")
    if chunk.kind == b"tEXt":
        data: bytes | None = rest.decode("latin-1").encode()
    elif chunk.kind == b"zTXt":
        data = _decompressed(rest[1:])
        data = data and data.decode("latin-1").encode()
    elif chunk.kind == b"iTXt" and rest.count(b"\0", 2) >= 2:
        data = rest[2:].split(b"\0", 2)[2]
        data = _decompressed(data) if rest[:1] == b"\1" else data
    else:
        return None
    return None if data is None else (name.decode("latin-1"), data)


def _decompressed(data: bytes) -> bytes | None:
    try:
        return zlib.decompressobj().decompress(data, _LONGEST)
    except zlib.error:
        return None


def _keep_text(name: str, data: bytes, found: FileMetadata) -> None:
    if name == "XML:com.adobe.xmp":
        found.xmp.append(data)
    elif name.startswith("Raw profile type "):
        _keep_profile(name.removeprefix("Raw profile type "), data, found)
    else:
        text = data.decode(errors="replace")
        found.texts |= _stored_texts(text) if name == "parameters" else {name: text}


def _keep_profile(kind: str, text: bytes, found: FileMetadata) -> None:
    """Keep a block that ImageMagick has written as text: a name, a length, and the block in hexadecimal."""
    try:
        block = bytes.fromhex(text.decode("ascii").split("\n", 3)[3])
    except (ValueError, IndexError):
        return
    if kind == "xmp":
        found.xmp.append(block)
    elif kind == "iptc":
        found.iptc += _iptc(block)
    elif kind in ("exif", "APP1"):
        _read_app1(block, found)


def _read_jpeg(content: bytes, found: FileMetadata) -> None:
    extended: dict[bytes, dict[int, bytes]] = {}
    for segment in jpeg_segments(content):
        data = content[segment.data]
        if segment.kind == b"\xe1" and data.startswith(_EXTENDED_XMP):
            # An identifier of 32 characters, the whole length, and where this part belongs.
            start = len(_EXTENDED_XMP)
            name, place = data[start : start + 32], int.from_bytes(data[start + 36 : start + 40], "big")
            extended.setdefault(name, {})[place] = data[start + 40 :]
        elif segment.kind == b"\xe1":
            _read_app1(data, found)
        elif segment.kind == b"\xed" and data.startswith(_PHOTOSHOP):
            found.iptc += _iptc(data[len(_PHOTOSHOP) :])
        elif segment.kind == b"\xeb" and data.startswith(b"JP") and _is_manifest(data[8:]):
            found.manifest = "image/jpeg"
    found.xmp += [b"".join(part for _, part in sorted(parts.items())) for parts in extended.values()]


def _read_app1(block: bytes, found: FileMetadata) -> None:
    if block.startswith(_XMP):
        found.xmp.append(block[len(_XMP) :])
    elif block.startswith(_EXIF):
        _read_exif(block, found)


def _is_manifest(box: bytes) -> bool:
    """Whether a JUMBF box begins a C2PA manifest store: a superbox whose description box names this type."""
    return box[4:8] == b"jumb" and box[12:16] == b"jumd" and box[16:32] == _MANIFEST_TYPE


def _iptc(resources: bytes) -> Iterator[str]:
    """Yield the values of the IPTC records among Photoshop's resources."""
    position = 0
    while resources[position : position + 4] == b"8BIM" and position + 12 <= len(resources):
        identifier = int.from_bytes(resources[position + 4 : position + 6], "big")
        # The name is padded to an even length, as is the resource.
        start = position + 6 + (resources[position + 6] + 2) // 2 * 2
        length = int.from_bytes(resources[start : start + 4], "big")
        if identifier == _IPTC:
            yield from _records(resources[start + 4 : start + 4 + length])
        position = start + 4 + (length + 1) // 2 * 2


def _records(data: bytes) -> Iterator[str]:
    """Yield the values of IPTC records: a mark, the numbers of the record and of the value, and a length of 2 bytes."""
    position = 0
    while position + 5 <= len(data) and data[position] == 0x1C:
        length = int.from_bytes(data[position + 3 : position + 5], "big")
        # Longer values state the length of their length, and are no texts of a line.
        if length & 0x8000:
            return
        yield data[position + 5 : position + 5 + length].decode(errors="replace")
        position += 5 + length


def _read_webp(content: bytes, found: FileMetadata) -> None:
    for chunk in webp_chunks(content):
        if chunk.kind == b"EXIF":
            _read_exif(content[chunk.data], found)
        elif chunk.kind == b"XMP ":
            found.xmp.append(content[chunk.data])
        elif chunk.kind == b"C2PA" and _is_manifest(content[chunk.data]):
            found.manifest = "image/webp"


def _read_with_pillow(content: bytes, found: FileMetadata) -> None:
    try:
        picture = Image.open(io.BytesIO(content), formats=("TIFF", "AVIF", "HEIF"))
        tags = picture.tag_v2 if isinstance(picture, TiffImagePlugin.TiffImageFile) else {}
        _keep_exif(picture.getexif(), found)
        xmp = tags.get(_TIFF_XMP) or picture.info.get("xmp")
        if isinstance(xmp, bytes):
            found.xmp.append(xmp)
        if isinstance(iptc := tags.get(_TIFF_IPTC), bytes):
            found.iptc += _records(iptc)
        if picture.format == "TIFF":
            manifest = tags.get(_TIFF_MANIFEST)
            is_manifest = isinstance(manifest, bytes) and _is_manifest(manifest)
        else:
            is_manifest = _has_manifest_box(content)
        if is_manifest:
            found.manifest = Image.MIME[str(picture.format)]
    except Exception:  # Pillow's plugins raise many kinds of exceptions for broken content
        return


def _has_manifest_box(content: bytes) -> bool:
    """Whether one of the outermost boxes of an AVIF or HEIF file holds a C2PA manifest store."""
    position = 0
    while position + 24 <= len(content):
        length, kind = int.from_bytes(content[position : position + 4], "big"), content[position + 4 : position + 8]
        if kind == b"uuid" and content[position + 8 : position + 24] == _MANIFEST_BOX:
            return True
        if length == 1:
            length = int.from_bytes(content[position + 8 : position + 16], "big")
        if length < 8:
            return False
        position += length
    return False


def _read_exif(block: bytes, found: FileMetadata) -> None:
    exif = Image.Exif()
    try:
        exif.load(block)
        _keep_exif(exif, found)
    except Exception:  # Pillow raises many kinds of exceptions for broken blocks
        return


def _keep_exif(exif: Image.Exif, found: FileMetadata) -> None:
    """Keep the tags of an EXIF block, and the texts that image generators store in it."""
    tags = {ExifTags.TAGS.get(tag, str(tag)): value for tag, value in exif.items()}
    tags |= {ExifTags.TAGS.get(tag, str(tag)): value for tag, value in exif.get_ifd(ExifTags.IFD.Exif).items()}
    for name in ("DocumentName", "ImageDescription", "Make", "Model"):
        if isinstance(text := tags.get(name), str) and (stored := _COMFYUI.match(text)):
            found.texts[stored[1].lower()] = stored[2]
            del tags[name]
    if isinstance(comment := tags.get("UserComment"), bytes):
        tags["UserComment"] = _user_comment(comment)
        found.texts |= _stored_texts(tags["UserComment"])
    found.exif |= tags


def _user_comment(value: bytes) -> str:
    """The text of a user comment, whose first 8 bytes name its encoding."""
    encoding, text = value[:8].rstrip(b"\0 "), value[8:]
    if encoding == b"UNICODE":
        # The order of the bytes is not stated: the zeros of Latin letters come first or last.
        first = text[::2].count(0) >= text[1::2].count(0)
        return text.decode("utf-16-be" if first else "utf-16-le", errors="replace").strip("\0")
    return (text if encoding in (b"ASCII", b"") else value).decode(errors="replace").strip("\0")


def _stored_texts(text: str) -> dict[str, str]:
    """The texts that a generator has stored in its parameters: one text, or several as a JSON object."""
    try:
        stored = json.loads(text)
    except (ValueError, RecursionError):
        stored = None
    texts = {"parameters": text}
    if isinstance(stored, dict):
        texts |= {name: value if isinstance(value, str) else json.dumps(value) for name, value in stored.items()}
    return texts
