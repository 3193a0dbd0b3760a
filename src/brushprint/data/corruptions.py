"""Corruptions: changes that pictures undergo in everyday use, most of them in five severities.

The kinds and the grading follow ImageNet-C (Hendrycks and Dietterich, "Benchmarking Neural Network Robustness to Common
Corruptions and Perturbations", ICLR 2019), but the first severity is hardly visible here. Lengths are shares of a
picture's side, which is the square root of its area. Pictures of 256 and of 768 pixels therefore lose equally much at
the same display size, and the size of a source's pictures does not decide how much a network's predictions change. JPEG
is the exception: its blocks have 8 pixels a side at every picture size, as in all JPEG files.
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

# The strength at severities 1 to 5. If a strength is a pair, less and more, the seed chooses one of the two.
STRENGTHS = {
    "jpeg": (90, 75, 50, 25, 10),  # quality
    "rescale": (0.75, 0.5, 0.35, 0.25, 0.15),  # share of the side, or of `_SIDE` if that is smaller
    "blur": (0.003, 0.005, 0.009, 0.014, 0.022),  # standard deviation, share of the side; no effect on a tiny picture
    "noise": (0.02, 0.05, 0.1, 0.16, 0.24),  # standard deviation, share of the range of a channel
    "crop": (0.9, 0.8, 0.7, 0.6, 0.5),  # share of each side that remains
    "rotation": (3, 7, 15, 25, 45),  # degrees, in either direction
    "mirror": (None,),
    "flip": (None,),
    "brightness": (0.05, 0.1, 0.2, 0.3, 0.4),  # share of the range, up or down
    "contrast": ((0.9, 1.1), (0.75, 1.33), (0.6, 1.7), (0.45, 2.2), (0.3, 3.3)),  # factor about the mean grey
    "saturation": ((0.8, 1.25), (0.6, 1.6), (0.4, 2.0), (0.2, 2.5), (0.0, 3.0)),  # factor about each pixel's grey
    "hue": (6, 15, 35, 70, 140),  # degrees, in either direction
    "watermark": (0.08, 0.16, 0.28, 0.42, 0.6),  # opacity
    "combined": (1, 2, 3, 4, 5),  # severity of each of its parts
}
CORRUPTIONS = tuple(STRENGTHS)
# Sajjad ("AI art vs non AI art") combines blur, a change of colour, noise and a watermark.
COMBINED = ("blur", "hue", "noise", "watermark")

# Noise is no finer than in a picture of this side, and `rescale` reduces a picture to a share of at most this side.
_SIDE = 256
# 256 equally likely values of the standard normal distribution.
_QUANTILES = ndtri((np.arange(256) + 0.5) / 256).astype(np.float32)
# The hue is rotated about the grey axis, with the weights of W3C's Filter Effects (hueRotate).
_GREY = np.tile([0.213, 0.715, 0.072], (3, 1))
_TURN = np.array([[-0.213, -0.715, 0.928], [0.143, 0.140, -0.283], [-0.787, 0.715, 0.072]])
# The longest side that both JPEG and WEBP can hold, in pixels.
_LONGEST = 16_383
_LOSSLESS = ("PNG", "BMP", "TIFF")


def severities(name: str) -> tuple[int, ...]:
    """Return the severities of a corruption: only 1 for `mirror` and `flip`, which have no strength, else 1 to 5."""
    return tuple(range(1, len(STRENGTHS[name]) + 1))


# The conditions under which a picture is tested, by name and severity: unchanged, each corruption, and saved with the
# encoding of a picture of the other origin.
CONDITIONS = [
    ("none", 0),
    *((name, severity) for name in CORRUPTIONS for severity in severities(name)),
    ("swap", 1),
]


def corrupt(picture: Image.Image, name: str, severity: int, seed: int) -> Image.Image:
    """Apply one of `CORRUPTIONS` to a picture.

    Parameters
    ----------
    picture : RGB, of any size; it is not changed
    name : the corruption
    severity : one of `severities(name)`, or 0, which leaves every bit unchanged
    seed : 0 or more; decides between brighter and darker or left and right, and the position of noise and watermark.
        The seed decides the same for all severities of a corruption, so that only the strength differs between them

    Returns
    -------
    RGB, of the size of `picture`. Only `crop` returns a smaller picture: resizing for a network enlarges it anyway, and
    enlarging it here as well would blur it twice. `rotation` fills the corners with the picture mirrored at its edges.

    Raises `ValueError` for an unknown severity and `KeyError` for an unknown name.
    """
    if severity == 0:
        return picture
    if severity not in severities(name):
        raise ValueError(f"{name} has no severity {severity}")
    # The seed includes the name: otherwise all brightened pictures would also be rotated in the same direction.
    generator = np.random.default_rng([seed, zlib.crc32(name.encode())])
    return _CHANGES[name](picture, STRENGTHS[name][severity - 1], generator)


def swap_encoding(picture: Image.Image, encoding: Mapping[str, Any]) -> Image.Image:
    """Save a picture as another picture, its donor, was saved: with as many pixels, the same format and quality.

    Parameters
    ----------
    picture : RGB
    encoding : encoding of the donor: `format` (Pillow's name), `width`, `height`, `quantisation` (tables of 64 numbers
        in the order of Pillow's `quantization`, or None) and `subsampling` (Pillow's number, or None or -1 if unknown)

    Returns
    -------
    RGB, with the proportions of `picture` and the area of the donor, encoded and decoded again. Formats without
    quantisation tables, like WEBP, are written with Pillow's default quality.
    """
    factor = sqrt(encoding["width"] * encoding["height"] / (picture.width * picture.height))
    width, height = _scaled(picture.size, factor)
    picture = picture.resize((min(_LONGEST, width), min(_LONGEST, height)), Resampling.BICUBIC)
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
    # A network's resizing would average away finer grain in large pictures.
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
    # The matrix maps a point of the result to a point of the padded picture, about the centre of each.
    x, y = width / 2, height / 2
    matrix = (cosine, sine, x + across - cosine * x - sine * y, -sine, cosine, y + down + sine * x - cosine * y)
    return surrounded.transform(picture.size, Image.Transform.AFFINE, matrix, Resampling.BILINEAR)


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


# The side, in pixels, of the part of the pattern that is laid over a picture.
_PATTERN = 384


@cache
def _pattern() -> tuple[Image.Image, Image.Image]:
    """Return the ink and the mask of slanting lines of text, white with a dark rim, which is visible on any background.

    Both are greyscale images with a side of twice `_PATTERN` pixels.
    """
    room = ceil(hypot(2 * _PATTERN, 2 * _PATTERN))
    ink, mask = Image.new("L", (room, room)), Image.new("L", (room, room))
    font, line = ImageFont.load_default(40), "SPECIMEN   " * 6
    for row, top in enumerate(range(0, room, 96)):
        for layer, rim in ((ink, 0), (mask, 255)):
            ImageDraw.Draw(layer).text((-110 * (row % 2), top), line, 255, font, stroke_width=2, stroke_fill=rim)
    margin = (room - 2 * _PATTERN) // 2
    box = (margin, margin, margin + 2 * _PATTERN, margin + 2 * _PATTERN)
    ink, mask = (layer.rotate(30, Resampling.BILINEAR).crop(box) for layer in (ink, mask))
    return ink, mask


def _combined(picture: Image.Image, severity: int, generator: np.random.Generator) -> Image.Image:
    for name in COMBINED:
        picture = _CHANGES[name](picture, STRENGTHS[name][severity - 1], generator)
    return picture


def _either(generator: np.random.Generator, less: float, more: float) -> float:
    """Return `less` or `more` with equal probability."""
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
