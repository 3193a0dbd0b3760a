"""Harmonising gives all pictures the same size and encoding, so that neither reveals the origin of a picture."""

import io
from collections.abc import Mapping
from typing import Any

from PIL import Image, ImageOps

from brushprint.data.decoding import open_picture, to_rgb


def load_rgb(content: bytes, harmonise: Mapping[str, Any] | None) -> Image.Image:
    """Decode the content of a file to the RGB picture that every later stage uses.

    `harmonise` holds the arguments of `harmonised`; with None, the picture is only decoded. Raises
    `brushprint.data.decoding.UndecodableError`.
    """
    picture = to_rgb(open_picture(content))
    return harmonised(picture, **harmonise)[0] if harmonise else picture


def harmonised(
    picture: Image.Image, *, side: int, resize: str, format: str, quality: int | None
) -> tuple[Image.Image, bytes]:
    """Crop a picture to a square, resize it, encode it, and decode it again.

    Parameters
    ----------
    picture : RGB, of any size
    side : side of the result in pixels. The largest central square of the picture is cut out and resized. Enlarging a
        square that is smaller than `side` leaves traces
    resize : Pillow filter: `nearest`, `bilinear`, `bicubic` or `lanczos`
    format : `jpeg`, with chroma at half the resolution (4:2:0), or `png`
    quality : 1 to 95 for `jpeg`, None for `png`

    Returns
    -------
    picture : RGB, [side, side], which every later stage uses in place of the original picture
    content : the bytes of the file that `picture` was decoded from
    """
    square = ImageOps.fit(picture, (side, side), Image.Resampling[resize.upper()])
    options: dict[str, Any] = {"quality": quality, "subsampling": "4:2:0"} if format == "jpeg" else {}
    stream = io.BytesIO()
    # Save a new picture: Pillow would copy the profiles and comments of the original to the file.
    Image.frombytes("RGB", square.size, square.tobytes()).save(stream, format.upper(), **options)
    content = stream.getvalue()
    return to_rgb(open_picture(content)), content
