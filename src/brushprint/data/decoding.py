"""Every picture decodes the same way: to 8-bit RGB, upright, over white, the first frame of an animation."""

import io
import warnings

import numpy as np
from PIL import Image, ImageOps

# Formats that Pillow decodes by itself: others call programs (EPS) or hold no pictures of art. JPEG opens MPO, too.
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "JPEG2000")
SUFFIXES = frozenset(
    [
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".gif"),
        *(".webp", ".bmp", ".tif", ".tiff", ".avif", ".jp2"),
    ]
)

# Pillow refuses pictures of more than twice its limit of pixels; between the two it only warns.
warnings.simplefilter("ignore", Image.DecompressionBombWarning)


class UndecodableError(ValueError):
    """The bytes are not a picture that can be decoded; the message says why."""


def open_picture(content: bytes) -> Image.Image:
    """Read the header of a picture file: format, mode and size are known, nothing is decoded yet.

    Raises `UndecodableError` when the content is not a picture in one of `FORMATS`.
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
    """Decode an opened picture to 8-bit RGB of the size that a person sees.

    The EXIF orientation is applied, 16-bit values are scaled to 8 bits, and transparency lies over white. Palettes,
    grey and CMYK become RGB. Raises `UndecodableError` for broken content.
    """
    try:
        picture.seek(0)
        picture.load()
        # Copies of large pictures cost nearly as much as decoding them.
        ImageOps.exif_transpose(picture, in_place=True)
        return _without_alpha(_to_8_bit(picture))
    except Exception as error:  # Pillow's plugins raise many kinds for broken content
        raise UndecodableError(f"cannot be decoded ({str(error) or type(error).__name__})") from error


def _to_8_bit(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(picture) // 257).astype(np.uint8))
    if picture.mode in ("I", "F"):
        raise ValueError("32-bit pixels, whose white is unknown")
    return picture


def _without_alpha(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture if picture.mode == "RGB" else picture.convert("RGB")
    picture = picture.convert("RGBA")
    ground = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(ground, picture).convert("RGB")
