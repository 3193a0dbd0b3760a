"""Pictures made alike in size and encoding, so that neither tells where a picture comes from."""

import io
from collections.abc import Mapping
from typing import Any

from PIL import Image, ImageOps

from brushprint.data.decoding import open_picture, to_rgb


def load_rgb(content: bytes, harmonise: Mapping[str, Any] | None) -> Image.Image:
    """The RGB picture that every later stage sees of a file's content.

    `harmonise` are the arguments of `harmonised`, None where pictures stay as they came. Raises
    `brushprint.data.decoding.UndecodableError`.
    """
    picture = to_rgb(open_picture(content))
    return harmonised(picture, **harmonise)[0] if harmonise else picture


def harmonised(
    picture: Image.Image, *, side: int, resize: str, format: str, quality: int | None
) -> tuple[Image.Image, bytes]:
    """What every later stage sees in place of an RGB picture, and the file that this was decoded from.

    Parameters
    ----------
    picture : RGB, of any size
    side : of the square that is cut from the middle, as large as it fits in, and resized, in pixels. A smaller picture
        is enlarged, which leaves traces
    resize : Pillow filter, `nearest`, `bilinear`, `bicubic` or `lanczos`
    format : `jpeg`, with chroma at half the resolution (4:2:0), or `png`
    quality : 1 to 95 for `jpeg`, None for `png`
    """
    square = ImageOps.fit(picture, (side, side), Image.Resampling[resize.upper()])
    options = {"quality": quality, "subsampling": "4:2:0"} if format == "jpeg" else {}
    stream = io.BytesIO()
    # A new picture has none of the profiles and comments that Pillow would write again.
    Image.frombytes("RGB", square.size, square.tobytes()).save(stream, format.upper(), **options)
    content = stream.getvalue()
    return to_rgb(open_picture(content)), content
