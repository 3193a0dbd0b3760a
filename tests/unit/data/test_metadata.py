"""Metadata that is too long or broken never costs a picture whose pixels are fine."""

import io
import zlib
from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from brushprint.data.decoding import open_picture
from tests.conftest import encoded, picture
from tests.support import png
from tests.support.collections import decoded

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + b"y" * 50 + b"</x:xmpmeta>"
_PNG_METADATA = (b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"eXIf", b"pHYs")
many_examples = settings(deadline=None, max_examples=300)


def exif() -> bytes:
    tags = Image.Exif()
    tags[0x010E], tags[0x010F], tags[0x0112], tags[0x011A] = "a description", "maker", 1, 72.0
    tags.get_ifd(0x8769)[0x9286] = b"UNICODE\0a comment"
    return tags.tobytes()


@cache
def described(kind: str) -> bytes:
    """A file of a format with as much metadata as it can hold."""
    text = PngImagePlugin.PngInfo()
    text.add_text("parameters", "a prompt")
    text.add_text("workflow", "x" * 500, zip=True)
    text.add_itxt("prompt", "é" * 20)
    resource = b"Photoshop 3.0\x008BIM\x03\xed\0\0\0\0\0\x04abcd"
    photoshop = b"\xff\xed" + (len(resource) + 2).to_bytes(2, "big") + resource
    options = {
        "JPEG": {"exif": exif(), "icc_profile": PROFILE, "xmp": XMP, "comment": b"a comment", "dpi": (72, 72)},
        "PNG": {"exif": exif(), "icc_profile": PROFILE, "pnginfo": text, "dpi": (72, 72)},
        "WEBP": {"exif": exif(), "icc_profile": PROFILE, "xmp": XMP, "lossless": True},
        "AVIF": {"exif": exif(), "icc_profile": PROFILE, "xmp": XMP},
        "TIFF": {"icc_profile": PROFILE, "description": "a description", "software": "software"},
        "GIF": {"comment": b"a long comment"},
        "JPEG2000": {"comment": b"a long comment"},
    }
    content = encoded(picture(7), kind, **options[kind])
    return content[:2] + photoshop + content[2:] if kind == "JPEG" else content


def places(kind: str) -> list[range]:
    """The positions of the metadata in a file, without the names and lengths of segments and chunks."""
    content = described(kind)
    if kind == "PNG":
        return [range(start + 8, end) for name, start, end in png.chunks(content) if name in _PNG_METADATA]
    if kind == "JPEG":
        return list(jpeg_metadata(content))
    known = [exif()[6:], PROFILE, XMP, b"a description", b"software", b"a long comment"]
    return [range(start, start + len(data)) for data in known if (start := content.find(data)) >= 0]


def jpeg_metadata(content: bytes) -> Iterator[range]:
    position = 2
    while content[position + 1] != 0xDA:
        length = int.from_bytes(content[position + 2 : position + 4], "big")
        if content[position + 1] in (*range(0xE0, 0xF0), 0xFE):
            yield range(position + 4, position + 2 + length)
        position += 2 + length


@many_examples
@given(st.sampled_from(["JPEG", "PNG", "WEBP", "AVIF", "TIFF", "GIF", "JPEG2000"]), st.data())
@pytest.mark.filterwarnings("ignore")
def test_damage_within_metadata_never_costs_a_picture(kind: str, data: st.DataObject):
    content = bytearray(described(kind))
    within = st.sampled_from([place for part in places(kind) for place in part])
    for place in data.draw(st.lists(within, min_size=1, max_size=30)):
        content[place] = data.draw(st.sampled_from([0, 255]) | st.integers(0, 255))
    # The damage may change the EXIF orientation.
    assert sorted(decoded(bytes(content)).shape) == [3, 40, 48]


@many_examples
@example(b"JFIF", 0xE0)
@example(b"Photoshop 3.0\x008BIM\x03\xed", 0xED)
@example(b"Adobe\0", 0xEE)
@example(b"ICC_PROFILE\0\1", 0xE2)
@example(b"Exif\0\0", 0xE1)
@given(st.binary(max_size=60), st.integers(0xE0, 0xEF) | st.just(0xFE))
@pytest.mark.filterwarnings("ignore")
def test_no_segment_of_a_jpeg_that_holds_no_pixels_costs_it(data: bytes, marker: int):
    content = encoded(picture(7))
    segment = bytes([0xFF, marker]) + (len(data) + 2).to_bytes(2, "big") + data
    assert sorted(decoded(content[:2] + segment + content[2:]).shape) == [3, 40, 48]


@many_examples
@example(b"iCCP", b"name\0\0" + zlib.compress(bytes(2_000_000)))
@example(b"zTXt", b"workflow\0\0" + zlib.compress(bytes(3_000_000)))
@example(b"pHYs", b"")
@given(
    st.sampled_from(
        [b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"eXIf", b"pHYs", b"gAMA", b"cHRM", b"sRGB", b"tIME", b"prVt"]
    ),
    st.binary(max_size=60),
)
@pytest.mark.filterwarnings("ignore")
def test_no_chunk_of_a_png_that_holds_no_pixels_costs_it(name: bytes, data: bytes):
    content = encoded(picture(7), "PNG")
    (_, _, header), *_, (_, end, _) = png.chunks(content)
    for place in (header, end):
        for chunk in (png.chunk(name, data), png.chunk(name, data)[:-1] + b"x"):
            assert sorted(decoded(content[:place] + chunk + content[place:]).shape) == [3, 40, 48]


def test_a_png_with_megabytes_of_compressed_text_as_image_generators_write_it_is_decoded():
    text = PngImagePlugin.PngInfo()
    text.add_text("workflow", "x" * 3_000_000, zip=True)
    content = encoded(picture(7), "PNG", pnginfo=text)
    np.testing.assert_array_equal(decoded(content), picture(7))


def test_metadata_that_can_be_read_are_kept():
    for kind in ("JPEG", "PNG"):
        info = open_picture(described(kind)).info
        assert info["icc_profile"] == PROFILE
        assert info["exif"] == exif()


def test_transparency_palettes_and_frames_of_a_png_are_kept():
    image = Image.fromarray(np.array([[0, 1]], dtype=np.uint8), "P")
    image.putpalette([10, 20, 30, 40, 50, 60])
    assert decoded(encoded(image, "PNG", transparency=1)).tolist() == [[[10, 20, 30], [255, 255, 255]]]
    frames = [Image.new("RGB", (24, 16), colour) for colour in ("red", "lime")]
    animated = encoded(frames[0], "PNG", save_all=True, append_images=frames[1:])
    assert Image.open(io.BytesIO(animated)).n_frames == open_picture(animated).n_frames == 2


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("place", ["xmp", "exif", "raw profile"])
def test_a_png_is_turned_by_its_orientation_wherever_it_is_stored(place: str, compressed: bool):
    tags, text = Image.Exif(), PngImagePlugin.PngInfo()
    tags[0x0112] = 6
    if place == "xmp":
        xmp = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
        text.add_itxt("XML:com.adobe.xmp", xmp, zip=compressed)
    if place == "raw profile":
        block = tags.tobytes()
        text.add_text("Raw profile type exif", f"\nexif\n{len(block):8}\n{block.hex()}\n", zip=compressed)
    content = encoded(picture(1, (30, 20)), "PNG", pnginfo=text, **({"exif": tags} if place == "exif" else {}))
    assert decoded(content).shape == (30, 20, 3)
