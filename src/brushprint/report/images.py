"""Pictures inside the report's page, which fetches nothing."""

import base64
import io
from pathlib import Path
from typing import NamedTuple

from PIL import Image


class EmbeddedImage(NamedTuple):
    """A picture as a `data:` address, and its size in pixels."""

    source: str
    width: int
    height: int


def embed(content: bytes) -> EmbeddedImage:
    """The content of a picture file, as it is."""
    with Image.open(io.BytesIO(content)) as image:
        kind = image.get_format_mimetype()
        return EmbeddedImage(f"data:{kind};base64,{base64.b64encode(content).decode()}", *image.size)


def embed_file(file: str | Path) -> EmbeddedImage:
    """A picture file; a PNG becomes lossless WebP, which is a fifth smaller."""
    content = Path(file).read_bytes()
    with Image.open(io.BytesIO(content)) as image:
        if image.format != "PNG":
            return embed(content)
        stream = io.BytesIO()
        image.convert("RGB").save(stream, "WEBP", lossless=True, quality=50, method=2)
    return embed(stream.getvalue())
