"""Deliveries: what happens to a picture on its way through the web, where it is saved again, scaled, cut and framed.

A verdict should survive them. The deliveries `CHOOSING` take part in choosing the limits of the verdicts, and a picture
is answered after each of them. The deliveries `MEASURING` choose nothing and only measure.
"""

from collections.abc import Callable
from io import BytesIO
from typing import Any

from PIL import Image
from PIL.Image import Resampling

# Sites reduce pictures whose longer side has more pixels.
_LONGEST = 4096
# The longer side of a thumbnail in pixels.
_THUMBNAIL = 256


def deliver(picture: Image.Image, name: str) -> Image.Image:
    """Deliver a picture in one of the ways of `DELIVERIES`.

    `picture` is RGB, of any size, and is not changed. The result is RGB; its size may differ. Raises `KeyError` for an
    unknown name.
    """
    factor = _LONGEST / max(picture.size)
    return DELIVERIES[name](_scaled(picture, factor) if factor < 1 else picture)


def _encoded(picture: Image.Image, kind: str, **options: Any) -> Image.Image:
    stream = BytesIO()
    picture.save(stream, kind, **options)
    with Image.open(stream) as decoded:
        return decoded.convert("RGB")


def _scaled(picture: Image.Image, factor: float) -> Image.Image:
    width, height = (max(1, round(factor * length)) for length in picture.size)
    return picture.resize((width, height), Resampling.BICUBIC)


def _jpeg(picture: Image.Image) -> Image.Image:
    return _encoded(picture, "JPEG", quality=75, subsampling="4:2:0")


def _thumbnail(picture: Image.Image) -> Image.Image:
    """Reduce a picture to a thumbnail, which is enlarged again; a smaller picture stays as it is."""
    factor = _THUMBNAIL / max(picture.size)
    return _scaled(picture, factor).resize(picture.size, Resampling.BICUBIC) if factor < 1 else picture


def _crop(picture: Image.Image) -> Image.Image:
    """The middle of a picture: 60 % of each side."""
    width, height = (max(1, round(0.6 * length)) for length in picture.size)
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    return picture.crop((left, top, left + width, top + height))


def _letterbox(picture: Image.Image) -> Image.Image:
    """A picture in the middle of a black frame of 16 to 9."""
    width, height = picture.size
    framed = Image.new("RGB", (max(width, round(height * 16 / 9)), max(height, round(width * 9 / 16))))
    framed.paste(picture, ((framed.width - width) // 2, (framed.height - height) // 2))
    return framed


def _screenshot(picture: Image.Image) -> Image.Image:
    """A JPEG of quality 85, as a browser shows it on a screen that is scaled to 125 %; PNG keeps all pixels."""
    return _scaled(_encoded(picture, "JPEG", quality=85, subsampling="4:2:0"), 1.25)


CHOOSING: dict[str, Callable[[Image.Image], Image.Image]] = {
    "jpeg": _jpeg,
    "half": lambda picture: _scaled(picture, 0.5),
    "thumbnail": _thumbnail,
    "crop": _crop,
    "letterbox": _letterbox,
    "screenshot": _screenshot,
}
MEASURING: dict[str, Callable[[Image.Image], Image.Image]] = {
    "webp": lambda picture: _encoded(picture, "WEBP", quality=80),
    "seven-tenths": lambda picture: _scaled(picture, 0.7),
}
DELIVERIES = CHOOSING | MEASURING
# What each delivery does, for people.
WORDS = {
    "jpeg": "JPEG, quality 75",
    "half": "half the size",
    "thumbnail": "thumbnail of 256 pixels, enlarged again",
    "crop": "middle 60 % of each side",
    "letterbox": "black bars to 16:9",
    "screenshot": "screenshot of a JPEG",
    "webp": "WebP, quality 80",
    "seven-tenths": "0.7 of the size",
}
