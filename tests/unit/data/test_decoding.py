"""Every picture decodes the same way, or is rejected with a reason."""

import io
import struct

import numpy as np
import pillow_heif
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, TiffImagePlugin

from brushprint.data.decoding import FORMATS, UndecodableError, open_picture
from tests.conftest import encoded, picture
from tests.support import png
from tests.support.collections import GOOD, catalogued, decoded

few_examples = settings(deadline=None, max_examples=60)


def test_16_bit_pixels_are_scaled_and_not_clipped():
    values = np.array([[0, 257, 32896, 65535]], dtype=np.uint16)
    for kind, array in (("PNG", values), ("TIFF", values), ("TIFF", values.astype(">u2"))):
        assert decoded(encoded(Image.fromarray(array), kind))[0, :, 0].tolist() == [0, 1, 128, 255]


@pytest.mark.parametrize("mode", ["L", "CMYK", "YCbCr"])
def test_grey_cmyk_and_ycbcr_pictures_become_rgb(mode: str):
    content = encoded(picture(3, mode=mode), quality=95)
    np.testing.assert_array_equal(decoded(content), Image.open(io.BytesIO(content)).convert("RGB"))
    assert np.abs(decoded(content).astype(int) - picture(3, mode=mode).convert("RGB")).mean() < 6


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "CMYK", "YCbCr", "I;16"])
def test_a_tiff_of_any_8_or_16_bit_mode_is_decoded(mode: str):
    assert decoded(encoded(picture(3, mode="L" if mode == "I;16" else mode).convert(mode), "TIFF")).shape == (40, 48, 3)


@pytest.mark.parametrize("mode", ["I", "F"])
def test_a_tiff_of_32_bits_is_refused_and_not_decoded_to_black(mode: str):
    with pytest.raises(UndecodableError, match="32-bit pixels"):
        decoded(encoded(picture(3, mode="L").convert(mode), "TIFF"))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_pixels_are_blended_onto_white(mode: str):
    grey = Image.new(mode, (3, 1), (100, 255) if mode == "LA" else (100, 100, 100, 255))
    grey.putalpha(Image.fromarray(np.array([[255, 51, 0]], dtype=np.uint8)))
    assert decoded(encoded(grey, "PNG")).tolist() == [[[100] * 3, [224] * 3, [255] * 3]]


def test_a_transparent_palette_colour_becomes_white():
    image = Image.fromarray(np.array([[0, 1]], dtype=np.uint8), "P")
    image.putpalette([10, 20, 30, 40, 50, 60])
    for kind in ("PNG", "GIF"):
        assert decoded(encoded(image, kind, transparency=1)).tolist() == [[[10, 20, 30], [255, 255, 255]]]


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF", "MPO", "AVIF"])
def test_only_the_first_frame_of_an_animation_is_used(kind: str):
    frames = [Image.new("RGB", (24, 16), colour) for colour in ("red", "lime", "blue")]
    seen = decoded(encoded(frames[0], kind, save_all=True, append_images=frames[1:]))
    assert seen.shape == (16, 24, 3)
    assert np.abs(seen.astype(int) - [255, 0, 0]).max() < 8


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_rotated_and_mirrored_according_to_its_exif_orientation(orientation: int):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.asarray(picture(5))
    turns = [0, 0, 2, 2, 1, -1, -1, 1]  # quarter turns, after mirroring
    upright = np.rot90(stored[:, ::-1] if orientation in (2, 4, 5, 7) else stored, turns[orientation - 1])
    np.testing.assert_array_equal(decoded(encoded(picture(5), "PNG", exif=exif)), upright)


@pytest.mark.parametrize("exif", [b"Exif\0\0JUNKJUNK", b"Exif\0\0MM", b"Exif\0\0MM\0*\0\0\0\x08\0\x05\x01\x12"])
@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_broken_exif_does_not_change_the_decoded_picture(exif: bytes):
    np.testing.assert_array_equal(decoded(encoded(picture(5), exif=exif)), decoded(encoded(picture(5))))


KINDS = FORMATS


@pytest.mark.parametrize("kind", KINDS)
def test_every_known_format_is_catalogued(write_files, kind: str):
    table, rejected = catalogued(write_files({"ai/x.png": encoded(picture(1), kind)}))
    assert (table.at["ai/x.png", "format"], rejected) == (kind, {})


@few_examples
@example(b"")
@given(st.binary(max_size=200))
@pytest.mark.filterwarnings("ignore")
def test_random_bytes_are_refused_without_a_crash(content: bytes):
    with pytest.raises(UndecodableError):
        decoded(content)


@few_examples
@given(st.sampled_from(KINDS), st.integers(0, 2**32), st.integers(1, 20))
@pytest.mark.filterwarnings("ignore")
def test_a_picture_with_damaged_bytes_is_decoded_or_refused_with_a_reason(kind: str, seed: int, damages: int):
    content = np.frombuffer(encoded(picture(1, (24, 16)), kind), dtype=np.uint8).copy()
    generator = np.random.default_rng(seed)
    content[generator.integers(0, len(content), damages)] = generator.integers(0, 256, damages)
    try:
        assert decoded(content.tobytes()).ndim == 3
    except UndecodableError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty file"),
        (b"This is text.", "a text file"),
        (GOOD[:-100], "cannot be decoded (image file is truncated"),
        (GOOD[:10], "a picture whose beginning is damaged"),
        (png.claiming(60000, 60000), "3,600 megapixels, more than the 179 that are decoded; save it smaller"),
        (png.claiming(0, 0), "a picture whose beginning is damaged"),
        (encoded(picture(1), "ICO"), "not a picture in a known format"),
        (encoded(picture(1), "EPS"), "a PostScript drawing"),
        (encoded(picture(1), "PDF"), "a PDF document"),
    ],
    # The bytes cannot be the ids: a PDF contains its creation time, and each test worker creates its own PDF.
    ids=["empty", "text", "cut", "beginning", "huge", "no-area", "ICO", "EPS", "PDF"],
)
def test_a_file_that_only_claims_to_be_a_picture_is_rejected_with_the_reason(write_files, content: bytes, reason: str):
    table, rejected = catalogued(write_files({"ai/bad.jpg": content, "ai/good.jpg": GOOD}))
    assert list(table.index) == ["ai/good.jpg"]
    assert rejected["ai/bad.jpg"].startswith(reason)


def test_a_large_jpeg_scan_is_decoded_at_a_smaller_scale_and_the_catalogue_says_so(write_files):
    scan = Image.new("L", (20_000, 10_000), 100)
    scan.paste(255, (0, 0, 5_000, 5_000))
    content = encoded(scan)
    table, rejected = catalogued(write_files({"human/scan.jpg": content}))
    assert rejected == {}
    assert table.loc["human/scan.jpg", ["width", "height", "reduction"]].tolist() == [10_000, 5_000, 2]
    pixels = decoded(content)
    assert pixels.shape == (5_000, 10_000, 3)
    assert (pixels[:2_499, :2_499] == 255).all()
    assert (pixels[2_504:] == 100).all()


def test_a_large_tiff_scan_is_decoded_from_its_largest_smaller_page():
    scan, other = Image.new("1", (20_000, 10_000)), Image.new("L", (4_000, 2_000), 7)
    smaller = {factor: Image.new("L", (20_000 // factor, 10_000 // factor), factor) for factor in (8, 4)}
    for image in smaller.values():
        image.encoderinfo = {"tiffinfo": {254: 1}}
    content = encoded(scan, "TIFF", compression="packbits", save_all=True, append_images=[other, *smaller.values()])
    opened = open_picture(content)
    assert (opened.size, opened.info["reduction"]) == ((5_000, 2_500), 4)
    assert (decoded(content) == 4).all()


def jpeg_claiming(width: int, height: int, *, progressive: bool = False) -> bytes:
    content = encoded(picture(1))
    frame = content.index(b"\xff\xc0")
    size = struct.pack(">HH", height, width)
    return (
        content[: frame + 1]
        + (b"\xc2" if progressive else b"\xc0")
        + content[frame + 2 : frame + 5]
        + size
        + content[frame + 9 :]
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (jpeg_claiming(40_000, 30_000), "1,200 megapixels, more than 1,000"),
        (
            jpeg_claiming(20_000, 10_000, progressive=True),
            "200 megapixels, more than the 179 that are decoded of a progressive JPEG; save it as a baseline JPEG or "
            "smaller",
        ),
        (png.claiming(20_000, 10_000), "200 megapixels, more than the 179 that are decoded; save it smaller"),
        (
            encoded(Image.new("1", (20_000, 10_000)), "TIFF", compression="group4"),
            "200 megapixels, more than the 179 that are decoded; save it smaller",
        ),
    ],
    ids=["gigapixels", "progressive JPEG", "PNG", "TIFF without pages"],
)
def test_a_large_scan_that_cannot_be_decoded_at_a_smaller_scale_is_refused_in_words(content: bytes, reason: str):
    with pytest.raises(UndecodableError) as raised:
        open_picture(content)
    assert str(raised.value) == reason


def test_a_raw_photo_that_is_a_tiff_is_refused_and_its_preview_is_not_taken_for_it():
    for tags in ({50706: b"\1\4\0\0"}, {254: 1, 330: 8}):
        with pytest.raises(UndecodableError, match=r"^a RAW photo; develop it"):
            open_picture(encoded(picture(1), "TIFF", tiffinfo=tags))


def test_the_main_picture_of_a_heic_file_is_decoded_wherever_it_stands():
    file = pillow_heif.from_pillow(Image.new("RGB", (64, 64), "red"))
    file.add_from_pillow(Image.new("RGB", (128, 96), "lime"))
    stream = io.BytesIO()
    file.save(stream, primary_index=1)
    seen = decoded(stream.getvalue())
    assert seen.shape == (96, 128, 3)
    assert np.abs(seen.astype(int) - [0, 255, 0]).max() < 12


@pytest.mark.parametrize(("kind", "value"), [(2, "text"), (12, 1.5), (7, b"bytes")])
def test_a_tiff_whose_kind_of_page_is_no_whole_number_is_decoded(kind: int, value: object):
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags.tagtype[254] = kind
    tags[254] = value
    assert decoded(encoded(picture(1), "TIFF", tiffinfo=tags)).shape == (40, 48, 3)


@pytest.mark.parametrize(("orientation", "turned"), [(3, False), (6, True)])
def test_the_smaller_page_of_a_scan_is_turned_like_the_scan(orientation: int, turned: bool):
    scan, smaller = Image.new("1", (20_000, 10_000)), Image.new("L", (500, 250))
    smaller.paste(255, (0, 0, 250, 125))
    smaller.encoderinfo = {"tiffinfo": {254: 1}}
    options = {"compression": "packbits", "tiffinfo": {274: orientation}}
    content = encoded(scan, "TIFF", **options, save_all=True, append_images=[smaller])
    seen = decoded(content)
    assert seen.shape == ((500, 250, 3) if turned else (250, 500, 3))
    corner = seen[:10, -10:] if turned else seen[-10:, -10:]
    assert (corner == 255).all()
