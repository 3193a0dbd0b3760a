"""Decode every picture in the same way: to 8-bit RGB, upright, over white, the first frame of an animation."""

import io
import warnings

import numpy as np
from PIL import Image, ImageOps

# Formats that Pillow decodes by itself. Others call programs (EPS) or contain no art. JPEG also opens MPO files.
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "JPEG2000")
SUFFIXES = frozenset(
    [
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".gif"),
        *(".webp", ".bmp", ".tif", ".tiff", ".avif", ".jp2"),
    ]
)

# Pillow refuses a picture of more than twice its pixel limit. Between the limit and its double, it only warns.
warnings.simplefilter("ignore", Image.DecompressionBombWarning)


class UndecodableError(ValueError):
    """The bytes cannot be decoded to a picture; the message gives the reason."""


def open_picture(content: bytes) -> Image.Image:
    """Read the header of a picture file: format, mode and size. The pixels are not decoded yet.

    Raises `UndecodableError` if the content is not a picture in one of `FORMATS`.
    """
    if not content:
        raise UndecodableError("empty file")
    try:
        return Image.open(io.BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise UndecodableError(f"too many pixels ({error})") from error
    except Exception as error:
        raise UndecodableError("not a picture in a known format") from error


def to_rgb(picture: Image.Image) -> Image.Image:
    """Decode an opened picture to 8-bit RGB, in the orientation and size in which a viewer displays it.

    The EXIF orientation is applied, 16-bit values are scaled to 8 bits, and transparent pixels are drawn over white.
    Palettes, grey and CMYK become RGB. Raises `UndecodableError` for broken content.
    """
    try:
        picture.seek(0)
        picture.load()
        # Work in place: copying a large picture takes nearly as long as decoding it.
        ImageOps.exif_transpose(picture, in_place=True)
        return _without_alpha(_to_8_bit(picture))
    except Exception as error:  # Pillow's plugins raise many kinds of exceptions for broken content
        raise UndecodableError(f"cannot be decoded ({str(error) or type(error).__name__})") from error


def _to_8_bit(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(picture) // 257).astype(np.uint8))
    if picture.mode in ("I", "F"):
        raise ValueError("32-bit pixels have no defined white")
    return picture


def _without_alpha(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture if picture.mode == "RGB" else picture.convert("RGB")
    picture = picture.convert("RGBA")
    ground = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(ground, picture).convert("RGB")
