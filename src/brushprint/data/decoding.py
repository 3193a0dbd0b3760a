"""Decode every picture in the same way: to 8-bit RGB, upright, over white, the first frame of an animation."""

import io

import numpy as np
import pi_heif
from PIL import ExifTags, Image, JpegImagePlugin, TiffImagePlugin

from brushprint.data.file_kinds import HEAD, RAW, no_picture
from brushprint.data.metadata import without_broken_metadata

pi_heif.register_heif_opener(thumbnails=False)

# The formats that are read. Others call programs (EPS) or contain no art. JPEG also opens MPO files.
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "HEIF", "JPEG2000")

# The largest number of pixels that are decoded, and that a file may have whose format allows to decode it at a smaller
# scale. `_reduce` checks them in place of Pillow, which would only warn below the former and refuse all above it.
MOST_PIXELS, MOST_STORED_PIXELS = 178_956_970, 10**9
Image.MAX_IMAGE_PIXELS = None

# How to turn a picture upright, by its EXIF orientation.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_DNG_VERSION = 50706
# More pages of a TIFF file are not looked at: a file may hold millions.
_MOST_PAGES = 64


class UndecodableError(ValueError):
    """The bytes cannot be decoded to a picture; the message gives the reason."""


def open_picture(content: bytes) -> Image.Image:
    """Read the header of a picture file: format, mode and size. The pixels are not decoded yet.

    A picture of more than `MOST_PIXELS` pixels is opened at a smaller scale if its format allows that: a baseline JPEG
    at a half, a quarter or an eighth of its sides, a TIFF as its largest stored page of a smaller scale. Then
    `info["reduction"]` holds the factor by which the sides are smaller. Raises `UndecodableError` if the content is not
    a picture in one of `FORMATS`, or has too many pixels.
    """
    try:
        picture = Image.open(io.BytesIO(without_broken_metadata(content)), formats=FORMATS)
        if isinstance(picture, TiffImagePlugin.TiffImageFile) and (no_picture(content[:HEAD]) or _is_preview(picture)):
            raise UndecodableError(RAW)
        if _pixels(picture) > MOST_PIXELS:
            _reduce(picture)
    except UndecodableError:
        raise
    except Exception as error:  # Pillow's plugins raise many kinds of exceptions for broken content
        raise UndecodableError(no_picture(content[:HEAD]) or "a picture whose beginning is damaged") from error
    return picture


def _pixels(picture: Image.Image) -> int:
    return picture.width * picture.height


def _is_preview(picture: TiffImagePlugin.TiffImageFile) -> bool:
    """Whether a TIFF file is a RAW photo, whose first page is a small preview of it."""
    tags = picture.tag_v2
    return _DNG_VERSION in tags or (_is_smaller_scale(picture) and ExifTags.Base.SubIFDs in tags)


def _is_smaller_scale(picture: TiffImagePlugin.TiffImageFile) -> bool:
    """Whether the present page of a TIFF file says that it shows another picture at a smaller scale."""
    kind = picture.tag_v2.get(ExifTags.Base.NewSubfileType, 0)
    return isinstance(kind, int) and bool(kind & 1)


def _reduce(picture: Image.Image) -> None:
    """Open a picture of more than `MOST_PIXELS` pixels at a smaller scale. Raises `UndecodableError` if it cannot."""
    size, stored = picture.size, _pixels(picture)
    too_many = f"{stored / 1e6:,.0f} megapixels, more than the {MOST_PIXELS / 1e6:.0f} that are decoded"
    if isinstance(picture, JpegImagePlugin.JpegImageFile):
        if stored > MOST_STORED_PIXELS:
            raise UndecodableError(f"{stored / 1e6:,.0f} megapixels, more than {MOST_STORED_PIXELS / 1e6:,.0f}")
        if picture.info.get("progressive"):
            raise UndecodableError(f"{too_many} of a progressive JPEG; save it as a baseline JPEG or smaller")
        factor = next(factor for factor in (2, 4, 8) if stored <= factor**2 * MOST_PIXELS)
        picture.draft(None, (size[0] // factor, size[1] // factor))
    elif isinstance(picture, TiffImagePlugin.TiffImageFile):
        factor = _seek_smaller_page(picture)
    else:
        factor = 0
    if not factor:
        raise UndecodableError(f"{too_many}; save it smaller")
    picture.info["reduction"] = factor


def _seek_smaller_page(picture: TiffImagePlugin.TiffImageFile) -> int:
    """Go to the largest page that shows the first page at a smaller scale; returns the factor, or 0 without a page.

    The orientation of the first page is kept in `info["orientation"]` if the other page has none.
    """
    width, height = _stored_size(picture)
    orientation = picture.tag_v2.get(ExifTags.Base.Orientation)
    scales: dict[int, int] = {}
    for page in range(1, _MOST_PAGES):
        try:
            picture.seek(page)
        except EOFError:
            break
        wide, high = _stored_size(picture)
        alike = abs(wide * height - high * width) <= height + width
        if _is_smaller_scale(picture) and alike and wide * high <= MOST_PIXELS:
            scales[round(width / wide)] = page
    factor = min(scales, default=0)
    picture.seek(scales.get(factor, 0))
    if ExifTags.Base.Orientation not in picture.tag_v2:
        picture.info["orientation"] = orientation
    return factor


def _stored_size(picture: TiffImagePlugin.TiffImageFile) -> tuple[int, int]:
    """Width and height of the present page as stored; its `size` is that after the EXIF orientation."""
    return picture.tag_v2[ExifTags.Base.ImageWidth], picture.tag_v2[ExifTags.Base.ImageLength]


def to_rgb(picture: Image.Image) -> Image.Image:
    """Decode an opened picture to 8-bit RGB, in the orientation and size in which a viewer displays it.

    The EXIF orientation is applied, 16-bit values are scaled to 8 bits, and transparent pixels are drawn over white.
    Palettes, grey and CMYK become RGB. Raises `UndecodableError` for broken content.
    """
    try:
        picture.load()
        return _without_alpha(_to_8_bit(_upright(picture)))
    except Exception as error:  # Pillow's plugins raise many kinds of exceptions for broken content
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UndecodableError(f"cannot be decoded ({reason})") from error


def _upright(picture: Image.Image) -> Image.Image:
    try:
        orientation = picture.info.get("orientation") or picture.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # a broken EXIF block says nothing about the orientation, and costs no picture
        orientation = None
    return picture.transpose(_TURNS[orientation]) if orientation in _TURNS else picture


def _to_8_bit(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(picture) // 257).astype(np.uint8))
    if picture.mode in ("I", "F"):
        raise ValueError("32-bit pixels have no defined white; save it with 8 or 16 bits")
    return picture


def _without_alpha(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture if picture.mode == "RGB" else picture.convert("RGB")
    picture = picture.convert("RGBA")
    ground = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(ground, picture).convert("RGB")
