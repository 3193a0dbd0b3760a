"""Harmonising gives all pictures the same size and encoding, so that neither tells where a picture comes from."""

import io
from collections.abc import Mapping
from typing import Any

from PIL import Image, ImageOps

from brushprint.data.decoding import open_picture, to_rgb


def load_rgb(content: bytes, harmonise: Mapping[str, Any] | None) -> Image.Image:
    """Decode the content of a file to the RGB picture that every later stage sees.

    `harmonise` holds the arguments of `harmonised`; with None the picture stays as it came. Raises
    `brushprint.data.decoding.UndecodableError`.
    """
    picture = to_rgb(open_picture(content))
    return harmonised(picture, **harmonise)[0] if harmonise else picture


def harmonised(
    picture: Image.Image, *, side: int, resize: str, format: str, quality: int | None
) -> tuple[Image.Image, bytes]:
    """Crop a picture to a square, resize it, and encode and decode it once.

    Parameters
    ----------
    picture : RGB, of any size
    side : pixels a side of the result. The largest square is cut from the middle of the picture and resized; enlarging
        a smaller one leaves traces
    resize : Pillow filter, `nearest`, `bilinear`, `bicubic` or `lanczos`
    format : `jpeg`, with chroma at half the resolution (4:2:0), or `png`
    quality : 1 to 95 for `jpeg`, None for `png`

    Returns
    -------
    picture : RGB, [side, side], which every later stage sees in place of the one that came
    content : the file that it was decoded from
    """
    square = ImageOps.fit(picture, (side, side), Image.Resampling[resize.upper()])
    options: dict[str, Any] = {"quality": quality, "subsampling": "4:2:0"} if format == "jpeg" else {}
    stream = io.BytesIO()
    # A new picture has none of the profiles and comments that Pillow would write again.
    Image.frombytes("RGB", square.size, square.tobytes()).save(stream, format.upper(), **options)
    content = stream.getvalue()
    return to_rgb(open_picture(content)), content
