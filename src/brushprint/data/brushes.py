"""A board to paint on, and its brushes: washes, clouds, glows, shapes, lines and dabs.

All drawing uses integer arithmetic, so that the same random numbers give the same bytes on every machine: NumPy
integers, and Pillow's fixed-point resampling, discs, rectangles and masks. This module avoids Pillow's polygons, wide
lines and blends, because they use floating-point operations that a compiler may fuse differently on another processor.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from math import isqrt
from typing import TypeVar

import numpy as np
from PIL import Image, ImageDraw
from PIL.Image import Resampling

SIDE = 256  # pixels a side of a finished picture
BOARD = 2 * SIDE  # pixels a side of the board: halving it smooths the edges

Colour = tuple[int, int, int]  # red, green and blue, 0 to 255
Point = tuple[int, int]  # x and y on the board
Box = tuple[int, int, int, int]  # left, top, right and bottom

WHOLE: Box = (0, 0, BOARD, BOARD)

Option = TypeVar("Option")


class Board:
    """A square RGB board to paint on, with the random generator of one picture.

    `image` is the board itself, [BOARD, BOARD]. `pen` is the Pillow object that draws on it.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        """Start with a black board. Every random number of the picture comes from `rng`."""
        self.rng = rng
        self.image = Image.new("RGB", (BOARD, BOARD))
        self.pen = ImageDraw.Draw(self.image)

    def roll(self, low: int, high: int) -> int:
        """Return a random integer from `low` to `high`, both included."""
        return int(self.rng.integers(low, high + 1))

    def spot(self, left: int = 0, top: int = 0, right: int = BOARD, bottom: int = BOARD) -> Point:
        """Return a random point in a box."""
        return self.roll(left, right), self.roll(top, bottom)

    def pick(self, options: Sequence[Option]) -> Option:
        """Return one of the options at random."""
        return options[self.roll(0, len(options) - 1)]

    def tint(self, colour: Colour, spread: int) -> Colour:
        """Return the colour with each channel changed at random by at most `spread`."""
        red, green, blue = (min(255, max(0, channel + self.roll(-spread, spread))) for channel in colour)
        return red, green, blue

    def palette(self, *options: str) -> list[Colour]:
        """Return the colours of a random palette (hexadecimal, blank-separated), varied slightly for this picture."""
        return [self.tint(_rgb(code), 22) for code in self.pick(options).split()]

    def wash(self, *colours: Colour, top: int = 0, bottom: int = BOARD) -> None:
        """Paint a smooth vertical gradient through the colours."""
        strip = Image.new("RGB", (1, len(colours)))
        strip.putdata(colours)
        self.image.paste(strip.resize((BOARD, bottom - top), Resampling.BILINEAR), (0, top))

    def clouds(self, colour: Colour, cells: Point, strength: int, top: int = 0, bottom: int = BOARD) -> None:
        """Paint soft random patches, `cells` across and down. `strength` (0 to 255) is the highest opacity."""
        noise = Image.fromarray(self.rng.integers(0, 256, cells[::-1], dtype=np.uint8))
        mask = noise.resize((BOARD, bottom - top), Resampling.BICUBIC)
        self.image.paste(colour, (0, top), mask.point([max(0, v - 90) * strength // 165 for v in range(256)]))

    def glow(self, centre: Point, radii: Point, colour: Colour, strength: int = 255) -> None:
        """Paint a light (or a shadow) that fades out from its centre."""
        (x, y), (rx, ry) = centre, radii
        mask = _falloff().resize((2 * rx, 2 * ry), Resampling.BILINEAR)
        self.image.paste(colour, (x - rx, y - ry), mask.point([v * strength // 255 for v in range(256)]))

    def disc(self, centre: Point, radii: Point, colour: Colour) -> None:
        """Paint an ellipse whose axes are parallel to the sides of the board."""
        (x, y), (rx, ry) = centre, radii
        self.pen.ellipse((x - rx, y - ry, x + rx, y + ry), colour)

    def ball(self, centre: Point, radii: Point, colour: Colour, light: Colour) -> None:
        """Paint a rounded object that is lit from the upper left."""
        (x, y), (rx, ry) = centre, radii
        self.disc(centre, radii, darken(colour, 5))
        self.disc((x - rx // 12, y - ry // 12), (rx * 5 // 6, ry * 5 // 6), colour)
        self.glow((x - rx // 3, y - ry // 3), (rx * 2 // 3, ry * 2 // 3), light, 200)

    def shape(self, points: Sequence[Point], colour: Colour) -> None:
        """Paint a filled polygon (even-odd rule), rasterised with integers."""
        (left, right), (top, bottom) = (
            np.clip((min(axis), max(axis)), 0, BOARD).tolist() for axis in zip(*points, strict=True)
        )
        inside = np.zeros((bottom - top, right - left), bool)
        columns = np.arange(left, right)
        for (xa, ya), (xb, yb) in zip(points, [*points[1:], points[0]], strict=True):
            if ya > yb:
                xa, ya, xb, yb = xb, yb, xa, ya  # noqa: PLW2901 (every edge is walked downwards)
            rows = np.arange(max(ya, 0), min(yb, BOARD))
            if rows.size:
                edge = xa + (rows - ya) * (xb - xa) // (yb - ya)
                inside[rows - top] ^= columns >= edge[:, None]
        if inside.size:
            self.image.paste(colour, (left, top), Image.fromarray(inside.astype(np.uint8) * 255))

    def line(self, points: Sequence[Point], colour: Colour, width: int) -> None:
        """Draw a round brush along the points."""
        step, radius = max(1, width // 3), width // 2
        for (xa, ya), (xb, yb) in pairwise(points):
            count = max(1, isqrt((xb - xa) ** 2 + (yb - ya) ** 2) // step)
            for i in range(count + 1):
                self.disc((xa + (xb - xa) * i // count, ya + (yb - ya) * i // count), (radius, radius), colour)

    def outlined(self, points: Sequence[Point], colour: Colour, ink: Colour, width: int) -> None:
        """Paint a filled polygon with an inked contour."""
        self.shape(points, colour)
        self.line([*points, points[0]], ink, width)

    def ridge(self, level: int, relief: int, colour: Colour, *, soft: bool) -> list[Point]:
        """Paint land from a random skyline, rolling if `soft`, else jagged, to the lower edge. Returns the skyline."""
        steps = 8 if soft else 14
        skyline = [(i * BOARD // steps, level + self.roll(-relief, relief)) for i in range(steps + 1)]
        skyline = smooth(skyline) if soft else skyline
        self.shape([(0, BOARD), *skyline, (BOARD, BOARD)], colour)
        return skyline

    def dabs(self, count: int, size: Point, spread: int, slope: Callable[[int, int], int], box: Box = WHOLE) -> None:
        """Paint `count` short bristly strokes of (length, width) `size` in the area `box`.

        Each stroke has the colour beneath it, changed at random: all channels together by at most `spread`, and each
        channel separately by at most about half of `spread`. `slope(x, y)` returns the direction of the stroke at that
        point, from -8 (up) through 0 (level) to 8 (down).
        """
        left, top, right, bottom = box
        xs, ys = self.rng.integers(left, right, count), self.rng.integers(top, bottom, count)
        beneath = np.asarray(self.image, np.int16)[ys, xs]
        lightness = self.rng.integers(-spread, spread + 1, (count, 1))
        hue = self.rng.integers(-spread // 2, spread // 2 + 1, (count, 3))
        colours = np.clip(beneath + lightness + hue, 0, 255)
        for x, y, colour in zip(xs.tolist(), ys.tolist(), colours.tolist(), strict=True):
            brush = _brush(*size, slope(x, y))
            self.image.paste(tuple(colour), (x - brush.width // 2, y - brush.height // 2), brush)


def _rgb(code: str) -> Colour:
    """Return the colour of a hexadecimal code of six digits."""
    red, green, blue = bytes.fromhex(code)
    return red, green, blue


@lru_cache(maxsize=1)
def _falloff() -> Image.Image:
    """Return a round spot of light: 255 in the middle, falling as (1 - r^2)^2 to 0 at the edge."""
    offset = np.arange(-63, 64, 2)
    rest = np.maximum(0, 64**2 - offset**2 - offset[:, None] ** 2)
    return Image.fromarray((rest**2 * 255 // 64**4).astype(np.uint8))


@lru_cache(maxsize=512)
def _brush(length: int, width: int, slope: int) -> Image.Image:
    """Return the mask of one bristly stroke.

    `slope` runs from -8 (up) through 0 (level) to 8 (down). It is 8 times the tangent of half the angle, so that the
    direction is a rational point of the unit circle and needs no sine.
    """
    dx, dy, norm = 64 - slope * slope, 16 * slope, 64 + slope * slope
    offset = np.arange(-length, length + 1)
    along = (offset * dx + offset[:, None] * dy) * 16 // norm
    across = (offset[:, None] * dx - offset * dy) * 16 // norm
    inside = (along * width) ** 2 + (across * length) ** 2 <= (8 * length * width) ** 2
    bristles = 255 - (across // 24 % 2) * 80
    return Image.fromarray((inside * bristles).astype(np.uint8))


def figure(centre: Point, unit: int, *offsets: Point) -> list[Point]:
    """Return points around a centre. The offsets are in eighths of `unit`."""
    return [(centre[0] + dx * unit // 8, centre[1] + dy * unit // 8) for dx, dy in offsets]


def darken(colour: Colour, eighths: int) -> Colour:
    """Return the colour with `eighths` eighths of its brightness."""
    red, green, blue = (channel * eighths // 8 for channel in colour)
    return red, green, blue


def slope_of(dx: int, dy: int) -> int:
    """Return the brush direction (see `_brush`) that approximates a vector."""
    dx, dy = (-dx, -dy) if dx < 0 else (dx, dy)
    return 8 * dy // max(1, isqrt(dx * dx + dy * dy) + dx)


def smooth(points: Sequence[Point], rounds: int = 3) -> list[Point]:
    """Cut the corners (Chaikin), so that an angular line becomes a curve with the same ends."""
    for _ in range(rounds):
        cut = [
            ((wa * xa + (4 - wa) * xb) // 4, (wa * ya + (4 - wa) * yb) // 4)
            for (xa, ya), (xb, yb) in pairwise(points)
            for wa in (3, 1)
        ]
        points = [points[0], *cut, points[-1]]
    return list(points)
