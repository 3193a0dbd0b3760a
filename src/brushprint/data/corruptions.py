"""Pictures changed a little, as they are on their way through the world, each way in five strengths.

The ways and the grading follow ImageNet-C (Hendrycks and Dietterich, 2019), but the first severity is hardly visible
here. What is measured in pixels goes by the side of a picture, the square root of its area: pictures of 256 and of 768
pixels lose the same, seen as large as one another, or else a network's answers to one source would change more than to
another. Only JPEG has blocks of 8 pixels whatever the size, as everybody's JPEG has.
"""

import zlib
from collections.abc import Callable, Mapping
from functools import cache
from io import BytesIO
from math import ceil, cos, hypot, radians, sin, sqrt
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont
from PIL.Image import Resampling
from scipy.special import ndtri

# Severities 1 to 5. Of pairs the seed chooses one: less or more.
STRENGTHS = {
    "jpeg": (90, 75, 50, 25, 10),  # quality
    "rescale": (0.75, 0.5, 0.35, 0.25, 0.15),  # of the side, or of `_SIDE` where that is less
    "blur": (0.003, 0.005, 0.009, 0.014, 0.022),  # standard deviation, of the side; nothing in a tiny picture
    "noise": (0.02, 0.05, 0.1, 0.16, 0.24),  # standard deviation, of the range of a channel
    "crop": (0.9, 0.8, 0.7, 0.6, 0.5),  # of each side, that is left
    "rotation": (3, 7, 15, 25, 45),  # degrees, either way
    "mirror": (None,),
    "flip": (None,),
    "brightness": (0.05, 0.1, 0.2, 0.3, 0.4),  # of the range, up or down
    "contrast": ((0.9, 1.1), (0.75, 1.33), (0.6, 1.7), (0.45, 2.2), (0.3, 3.3)),  # factor about the mean grey
    "saturation": ((0.8, 1.25), (0.6, 1.6), (0.4, 2.0), (0.2, 2.5), (0.0, 3.0)),  # factor about each pixel's grey
    "hue": (6, 15, 35, 70, 140),  # degrees, either way
    "watermark": (0.08, 0.16, 0.28, 0.42, 0.6),  # opacity
    "combined": (1, 2, 3, 4, 5),  # severity of each of its parts
}
PERTURBATIONS = tuple(STRENGTHS)
# Source 004 has blur, a change of colour, noise and a watermark in one.
COMBINED = ("blur", "hue", "noise", "watermark")

# No grain is finer and nothing is scaled down to more than a picture of this side has.
_SIDE = 256
# 256 numbers that are equally likely under the normal distribution.
_QUANTILES = ndtri((np.arange(256) + 0.5) / 256).astype(np.float32)
# The hue is turned about the grey axis, weighed as in W3C's Filter Effects (hueRotate).
_GREY = np.tile([0.213, 0.715, 0.072], (3, 1))
_TURN = np.array([[-0.213, -0.715, 0.928], [0.143, 0.140, -0.283], [-0.787, 0.715, 0.072]])
# JPEG and WEBP hold no longer sides than this.
_LONGEST = 16_383
_LOSSLESS = ("PNG", "BMP", "TIFF")


def severities(name: str) -> tuple[int, ...]:
    """The severities that a perturbation has: one for `mirror` and `flip`, which nothing makes stronger, else five."""
    return tuple(range(1, len(STRENGTHS[name]) + 1))


def perturb(picture: Image.Image, name: str, severity: int, seed: int) -> Image.Image:
    """A picture changed in one way of `PERTURBATIONS`.

    Parameters
    ----------
    picture : RGB, of any size; it is not changed
    name : the way
    severity : one of `severities(name)`, or 0, which changes nothing, to the bit
    seed : from 0; decides whether brighter or darker, to the left or to the right, and where noise and watermark lie.
        All severities of a way decide alike, so that only the strength differs between them

    Returns
    -------
    RGB, of the size of `picture`; only `crop` gives less, which the resize for a network then enlarges: to enlarge it
    before would blur it twice. `rotation` shows the picture mirrored at its edges where it would be empty.

    Raises `ValueError` for a severity that there is not, `KeyError` for such a name.
    """
    if severity == 0:
        return picture
    if severity not in severities(name):
        raise ValueError(f"{name} has no severity {severity}")
    # The name is in it, lest what is brighter is always turned to the left, too.
    generator = np.random.default_rng([seed, zlib.crc32(name.encode())])
    return _CHANGES[name](picture, STRENGTHS[name][severity - 1], generator)


def swap(picture: Image.Image, encoding: Mapping[str, Any]) -> Image.Image:
    """A picture as if it had been saved as another one was: as many pixels, the same format and quality.

    Parameters
    ----------
    picture : RGB
    encoding : of the other: `format` (Pillow's name), `width`, `height`, `quantisation` (tables of 64 numbers in the
        order of Pillow's `quantization`, or None) and `subsampling` (Pillow's number, or None or -1 where unknown)

    Returns
    -------
    RGB, of the proportions of `picture` and the other's area, encoded and decoded. Of a format without quantisation
    tables, like WEBP, Pillow's usual quality is taken.
    """
    factor = sqrt(encoding["width"] * encoding["height"] / (picture.width * picture.height))
    size = tuple(min(_LONGEST, side) for side in _scaled(picture.size, factor))
    picture = picture.resize(size, Resampling.BICUBIC)
    kind, tables, subsampling = encoding["format"], encoding["quantisation"], encoding["subsampling"]
    if kind in _LOSSLESS:
        return picture
    if tables is None:
        return _encoded(picture, kind)
    return _encoded(picture, "JPEG", qtables=tables, subsampling=-1 if subsampling is None else subsampling)


def _scaled(size: tuple[int, int], factor: float) -> tuple[int, int]:
    width, height = size
    return max(1, round(factor * width)), max(1, round(factor * height))


def _side(picture: Image.Image) -> float:
    return sqrt(picture.width * picture.height)


def _encoded(picture: Image.Image, kind: str, **options: Any) -> Image.Image:
    stream = BytesIO()
    picture.save(stream, kind, **options)
    with Image.open(stream) as decoded:
        return decoded.convert("RGB")


def _jpeg(picture: Image.Image, quality: int, _: np.random.Generator) -> Image.Image:
    return _encoded(picture, "JPEG", quality=quality, subsampling="4:2:0")


def _rescale(picture: Image.Image, share: float, _: np.random.Generator) -> Image.Image:
    side = _side(picture)
    small = picture.resize(_scaled(picture.size, share * min(side, _SIDE) / side), Resampling.BICUBIC)
    return small.resize(picture.size, Resampling.BICUBIC)


def _blur(picture: Image.Image, share: float, _: np.random.Generator) -> Image.Image:
    return picture.filter(ImageFilter.GaussianBlur(share * _side(picture)))


def _noise(picture: Image.Image, deviation: float, generator: np.random.Generator) -> Image.Image:
    pixels = np.asarray(picture)
    height, width, _ = pixels.shape
    # Finer grain would be averaged away in large pictures.
    grain = max(1, _side(picture) / _SIDE)
    down, across = ceil(height / grain), ceil(width / grain)
    drawn = generator.integers(0, 256, (down, across, 3), dtype=np.uint8)
    noise = (_QUANTILES * (255 * deviation)).round().astype(np.int16)[drawn]
    if grain > 1:
        noise = noise[:, np.arange(width) * across // width][np.arange(height) * down // height]
    noise += pixels
    return Image.fromarray(noise.clip(0, 255, out=noise).astype(np.uint8))


def _crop(picture: Image.Image, share: float, _: np.random.Generator) -> Image.Image:
    width, height = _scaled(picture.size, share)
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    return picture.crop((left, top, left + width, top + height))


def _rotation(picture: Image.Image, degrees: float, generator: np.random.Generator) -> Image.Image:
    width, height = picture.size
    cosine, sine = cos(radians(degrees)), sin(radians(degrees))
    across = max(0, ceil((width * cosine + height * sine - width) / 2)) + 1
    down = max(0, ceil((width * sine + height * cosine - height) / 2)) + 1
    surrounded = Image.fromarray(np.pad(np.asarray(picture), ((down, down), (across, across), (0, 0)), "symmetric"))
    sine = _either(generator, -sine, sine)
    # From a place in the result to one in the surrounded picture, both from the middle.
    x, y = width / 2, height / 2
    there = (cosine, sine, x + across - cosine * x - sine * y, -sine, cosine, y + down + sine * x - cosine * y)
    return surrounded.transform(picture.size, Image.Transform.AFFINE, there, Resampling.BILINEAR)


def _mirror(picture: Image.Image, _: None, __: np.random.Generator) -> Image.Image:
    return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def _flip(picture: Image.Image, _: None, __: np.random.Generator) -> Image.Image:
    return picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM)


def _brightness(picture: Image.Image, share: float, generator: np.random.Generator) -> Image.Image:
    shift = round(255 * _either(generator, -share, share))
    return picture.point([min(255, max(0, value + shift)) for value in range(256)] * 3)


def _contrast(picture: Image.Image, factors: tuple[float, float], generator: np.random.Generator) -> Image.Image:
    return ImageEnhance.Contrast(picture).enhance(_either(generator, *factors))


def _saturation(picture: Image.Image, factors: tuple[float, float], generator: np.random.Generator) -> Image.Image:
    return ImageEnhance.Color(picture).enhance(_either(generator, *factors))


def _hue(picture: Image.Image, degrees: float, generator: np.random.Generator) -> Image.Image:
    angle = radians(_either(generator, -degrees, degrees))
    turned = _GREY + cos(angle) * (np.eye(3) - _GREY) + sin(angle) * _TURN
    return picture.convert("RGB", tuple(np.hstack([turned, np.zeros((3, 1))]).ravel()))


def _watermark(picture: Image.Image, opacity: float, generator: np.random.Generator) -> Image.Image:
    left, top = generator.integers(0, _PATTERN, 2).tolist()
    ink, mask = (
        layer.resize(picture.size, Resampling.BILINEAR, (left, top, left + _PATTERN, top + _PATTERN))
        for layer in _pattern()
    )
    mask = mask.point([round(opacity * value) for value in range(256)])
    return Image.composite(ink.convert("RGB"), picture, mask)


# Side of the part of the pattern that lies over a picture.
_PATTERN = 384


@cache
def _pattern() -> tuple[Image.Image, Image.Image]:
    """Ink and mask of slanting lines of text, white with a dark rim, that show on any ground; of twice `_PATTERN`."""
    room = ceil(hypot(2 * _PATTERN, 2 * _PATTERN))
    ink, mask = Image.new("L", (room, room)), Image.new("L", (room, room))
    font, line = ImageFont.load_default(40), "SPECIMEN   " * 6
    for row, top in enumerate(range(0, room, 96)):
        for layer, rim in ((ink, 0), (mask, 255)):
            ImageDraw.Draw(layer).text((-110 * (row % 2), top), line, 255, font, stroke_width=2, stroke_fill=rim)
    margin = (room - 2 * _PATTERN) // 2
    box = (margin, margin, margin + 2 * _PATTERN, margin + 2 * _PATTERN)
    return tuple(layer.rotate(30, Resampling.BILINEAR).crop(box) for layer in (ink, mask))


def _combined(picture: Image.Image, severity: int, generator: np.random.Generator) -> Image.Image:
    for name in COMBINED:
        picture = _CHANGES[name](picture, STRENGTHS[name][severity - 1], generator)
    return picture


def _either(generator: np.random.Generator, less: float, more: float) -> float:
    return more if generator.random() < 0.5 else less


_CHANGES: dict[str, Callable[[Image.Image, Any, np.random.Generator], Image.Image]] = {
    "jpeg": _jpeg,
    "rescale": _rescale,
    "blur": _blur,
    "noise": _noise,
    "crop": _crop,
    "rotation": _rotation,
    "mirror": _mirror,
    "flip": _flip,
    "brightness": _brightness,
    "contrast": _contrast,
    "saturation": _saturation,
    "hue": _hue,
    "watermark": _watermark,
    "combined": _combined,
}
