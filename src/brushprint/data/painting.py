"""Little abstract paintings in ten styles, drawn by the package.

Everything is drawn with integer arithmetic: NumPy integers, and Pillow's fixed-point resampling, discs, rectangles
and masks. Pillow's polygons, wide lines and blends use floats that a compiler may fuse differently on another
processor, so they are not used: the same dice give the same bytes everywhere.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from math import isqrt

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageOps
from PIL.Image import Resampling

_NATIVE = 256  # side of a picture as drawn; the board is twice as large, and halving it smooths the edges
_BOARD = 2 * _NATIVE

Colour = tuple[int, int, int]
Point = tuple[int, int]

# --- The board and its tools ------------------------------------------------------------------------------------------


class _Board:
    """A square board to paint on, with the dice of one picture."""

    def __init__(self, rng: np.random.Generator):
        self.rng = rng
        self.image = Image.new("RGB", (_BOARD, _BOARD))
        self.pen = ImageDraw.Draw(self.image)

    def roll(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    def spot(self, left: int = 0, top: int = 0, right: int = _BOARD, bottom: int = _BOARD) -> Point:
        """A random place in a box."""
        return self.roll(left, right), self.roll(top, bottom)

    def pick(self, options: Sequence):
        """One of the options."""
        return options[self.roll(0, len(options) - 1)]

    def tint(self, colour: Colour, spread: int) -> Colour:
        """The colour, each channel moved by at most `spread`."""
        return tuple(min(255, max(0, channel + self.roll(-spread, spread))) for channel in colour)

    def palette(self, *options: str) -> list[Colour]:
        """The colours of one of the palettes (hexadecimal, blank-separated), slightly mixed anew for this picture."""
        return [self.tint(tuple(bytes.fromhex(code)), 22) for code in self.pick(options).split()]

    def wash(self, *colours: Colour, top: int = 0, bottom: int = _BOARD) -> None:
        """A smooth vertical passage through the colours."""
        strip = Image.new("RGB", (1, len(colours)))
        strip.putdata(colours)
        self.image.paste(strip.resize((_BOARD, bottom - top), Resampling.BILINEAR), (0, top))

    def clouds(self, colour: Colour, cells: Point, strength: int, top: int = 0, bottom: int = _BOARD) -> None:
        """Soft random patches, `cells` across and down; `strength` (0 to 255) is the opacity of the thickest."""
        noise = Image.fromarray(self.rng.integers(0, 256, cells[::-1], dtype=np.uint8))
        mask = noise.resize((_BOARD, bottom - top), Resampling.BICUBIC)
        self.image.paste(colour, (0, top), mask.point([max(0, v - 90) * strength // 165 for v in range(256)]))

    def glow(self, centre: Point, radii: Point, colour: Colour, strength: int = 255) -> None:
        """A light (or a shadow) that fades out from its centre."""
        (x, y), (rx, ry) = centre, radii
        mask = _falloff().resize((2 * rx, 2 * ry), Resampling.BILINEAR)
        self.image.paste(colour, (x - rx, y - ry), mask.point([v * strength // 255 for v in range(256)]))

    def disc(self, centre: Point, radii: Point, colour: Colour) -> None:
        """An ellipse with its axes along the board's."""
        (x, y), (rx, ry) = centre, radii
        self.pen.ellipse((x - rx, y - ry, x + rx, y + ry), colour)

    def ball(self, centre: Point, radii: Point, colour: Colour, light: Colour) -> None:
        """A rounded thing, lit from the upper left."""
        (x, y), (rx, ry) = centre, radii
        self.disc(centre, radii, _shade(colour, 5))
        self.disc((x - rx // 12, y - ry // 12), (rx * 5 // 6, ry * 5 // 6), colour)
        self.glow((x - rx // 3, y - ry // 3), (rx * 2 // 3, ry * 2 // 3), light, 200)

    def shape(self, points: Sequence[Point], colour: Colour) -> None:
        """A filled polygon (even-odd), rasterised with whole numbers."""
        (left, right), (top, bottom) = (
            np.clip((min(axis), max(axis)), 0, _BOARD).tolist() for axis in zip(*points, strict=True)
        )
        inside = np.zeros((bottom - top, right - left), bool)
        columns = np.arange(left, right)
        for (xa, ya), (xb, yb) in zip(points, [*points[1:], points[0]], strict=True):
            if ya > yb:
                xa, ya, xb, yb = xb, yb, xa, ya  # noqa: PLW2901 (every edge is walked downwards)
            rows = np.arange(max(ya, 0), min(yb, _BOARD))
            if rows.size:
                edge = xa + (rows - ya) * (xb - xa) // (yb - ya)
                inside[rows - top] ^= columns >= edge[:, None]
        if inside.size:
            self.image.paste(colour, (left, top), Image.fromarray(inside.astype(np.uint8) * 255))

    def line(self, points: Sequence[Point], colour: Colour, width: int) -> None:
        """A round brush drawn along the points."""
        step, radius = max(1, width // 3), width // 2
        for (xa, ya), (xb, yb) in pairwise(points):
            count = max(1, isqrt((xb - xa) ** 2 + (yb - ya) ** 2) // step)
            for i in range(count + 1):
                self.disc((xa + (xb - xa) * i // count, ya + (yb - ya) * i // count), (radius, radius), colour)

    def outlined(self, points: Sequence[Point], colour: Colour, ink: Colour, width: int) -> None:
        """A filled polygon with an inked contour."""
        self.shape(points, colour)
        self.line([*points, points[0]], ink, width)

    def ridge(self, level: int, relief: int, colour: Colour, *, soft: bool) -> list[Point]:
        """Land from a random skyline down to the lower edge: rolling if soft, else jagged. Returns the skyline."""
        steps = 8 if soft else 14
        skyline = [(i * _BOARD // steps, level + self.roll(-relief, relief)) for i in range(steps + 1)]
        skyline = _smooth(skyline) if soft else skyline
        self.shape([(0, _BOARD), *skyline, (_BOARD, _BOARD)], colour)
        return skyline

    def dabs(self, count: int, size: Point, spread: int, slope: Callable[[int, int], int], box=None) -> None:
        """Short bristly strokes of (length, width) `size`, in the colours found beneath them moved by `spread`.

        `slope` says for a place which brush direction to use there (see `_brush`); `box` is where to paint.
        """
        left, top, right, bottom = box or (0, 0, _BOARD, _BOARD)
        xs, ys = self.rng.integers(left, right, count), self.rng.integers(top, bottom, count)
        beneath = np.asarray(self.image, np.int16)[ys, xs]
        lightness = self.rng.integers(-spread, spread + 1, (count, 1))
        hue = self.rng.integers(-spread // 2, spread // 2 + 1, (count, 3))
        colours = np.clip(beneath + lightness + hue, 0, 255)
        for x, y, colour in zip(xs.tolist(), ys.tolist(), colours.tolist(), strict=True):
            brush = _brush(*size, slope(x, y))
            self.image.paste(tuple(colour), (x - brush.width // 2, y - brush.height // 2), brush)


@lru_cache(maxsize=1)
def _falloff() -> Image.Image:
    """A round spot of light: 255 in the middle, (1 - r^2)^2 outwards, 0 at the edge."""
    offset = np.arange(-63, 64, 2)
    rest = np.maximum(0, 64**2 - offset**2 - offset[:, None] ** 2)
    return Image.fromarray((rest**2 * 255 // 64**4).astype(np.uint8))


@lru_cache(maxsize=512)
def _brush(length: int, width: int, slope: int) -> Image.Image:
    """The mask of one bristly stroke.

    `slope` from -8 (up) through 0 (level) to 8 (down) is 8 times the tangent of half the angle: the direction is
    then a rational point of the circle, and no sine is needed.
    """
    dx, dy, norm = 64 - slope * slope, 16 * slope, 64 + slope * slope
    offset = np.arange(-length, length + 1)
    along = (offset * dx + offset[:, None] * dy) * 16 // norm
    across = (offset[:, None] * dx - offset * dy) * 16 // norm
    inside = (along * width) ** 2 + (across * length) ** 2 <= (8 * length * width) ** 2
    bristles = 255 - (across // 24 % 2) * 80
    return Image.fromarray((inside * bristles).astype(np.uint8))


def _figure(centre: Point, unit: int, *offsets: Point) -> list[Point]:
    """Points around a centre, at offsets counted in eighths of a unit."""
    return [(centre[0] + dx * unit // 8, centre[1] + dy * unit // 8) for dx, dy in offsets]


def _shade(colour: Colour, eighths: int) -> Colour:
    """The colour with so many eighths of its light."""
    return tuple(channel * eighths // 8 for channel in colour)


def _slope_of(dx: int, dy: int) -> int:
    """The brush direction nearest to a vector."""
    dx, dy = (-dx, -dy) if dx < 0 else (dx, dy)
    return 8 * dy // max(1, isqrt(dx * dx + dy * dy) + dx)


def _smooth(points: Sequence[Point], rounds: int = 3) -> list[Point]:
    """Corner cutting (Chaikin): an angular line becomes a curve with the same ends."""
    for _ in range(rounds):
        cut = [
            ((wa * xa + (4 - wa) * xb) // 4, (wa * ya + (4 - wa) * yb) // 4)
            for (xa, ya), (xb, yb) in pairwise(points)
            for wa in (3, 1)
        ]
        points = [points[0], *cut, points[-1]]
    return list(points)


# --- The styles -------------------------------------------------------------------------------------------------------


def _art_nouveau(b: _Board) -> None:
    """Whiplash stems and blossoms on a flat pastel ground, in an ornamental frame."""
    ground, halo, stem, bloom, ink = b.palette(
        "e8d9b0 d9b98a 6f8f5f c8645a 3a3020", "cfe0d0 f0e2b8 4f7f78 d98a5a 2c3a38", "ead0c8 c9d8c0 7a6a9a e0b050 3c2a3a"
    )
    b.wash(ground, b.tint(ground, 25))
    x, y = b.spot(170, 130, 340, 260)
    for radius in range(b.roll(90, 170), 40, -b.roll(22, 40)):
        b.disc((x, y), (radius, radius), ink)
        b.disc((x, y), (radius - 4, radius - 4), b.tint(halo, 18))
    for _ in range(b.roll(4, 7)):
        sway = b.pick((-1, 1)) * b.roll(60, 170)
        foot, tip = b.roll(60, 450), b.roll(70, 440)
        bends = [(foot, 500), (foot + sway, 390), (tip - sway, 260), (tip + sway // 2, 140)]
        stalk = _smooth([*bends, (tip, b.roll(60, 200)), (tip - sway // 3, b.roll(120, 220))])
        b.line(stalk, ink, 14)
        b.line(stalk, b.tint(stem, 20), 8)
        size = b.roll(13, 26)
        for petal in _figure(stalk[-1], size, (-8, 0), (8, 0), (0, -8), (0, 8), (0, 0)):
            b.disc(petal, (size, size), ink)
            b.disc(petal, (size - 3, size - 3), b.tint(bloom, 20))
    border, motif = b.roll(26, 44), b.tint(stem, 15)
    for inset, width, colour in ((0, border, ink), (4, border - 8, motif)):
        b.pen.rectangle((inset, inset, _BOARD - inset, _BOARD - inset), outline=colour, width=width)
    for i in range(border // 2, _BOARD, border + b.roll(4, 24)):
        for x, y in ((i, border // 2), (i, _BOARD - border // 2), (border // 2, i), (_BOARD - border // 2, i)):
            b.disc((x, y), (border // 3, border // 3), halo)
            b.disc((x, y), (border // 6, border // 6), bloom)


def _baroque(b: _Board) -> None:
    """Figures lit from one side out of a dark ground."""
    dark, brown, skin, cloth, light = b.palette(
        "16100c 4a2f1c d9a878 8c1f1c f6dcae", "0e1214 3a3428 c9976a 2c4666 f0e0c0", "1c1410 5a3a1e e0b088 a8762a ffe6b4"
    )
    b.wash(dark, b.tint(dark, 12))
    b.clouds(brown, (5, 5), 150)
    b.glow((b.roll(0, 160), b.roll(0, 120)), (330, 300), brown, 190)
    for _ in range(b.roll(1, 3)):
        x, y, head = b.roll(130, 390), b.roll(130, 220), b.roll(34, 58)
        robe, dim = b.tint(cloth, 30), _shade(cloth, 3)
        shoulders = _figure((x, y), head, (-16, 16), (-8, 8), (8, 8), (16, 16))
        b.shape([*_smooth(shoulders), (x + 3 * head, _BOARD), (x - 3 * head, _BOARD)], dim)
        for _ in range(b.roll(7, 12)):
            fold, foot = x + b.roll(-2 * head, head // 2), b.roll(330, 510)
            drape = [(fold, y + 2 * head), (fold - b.roll(0, 40), (y + foot) // 2 + 40), (fold - 30, foot)]
            b.line(_smooth(drape), b.tint(robe, 25), b.roll(6, 22))
        b.disc((x, y), (head, head * 5 // 4), _shade(skin, 4))
        b.disc((x - head // 6, y - head // 10), (head * 5 // 6, head * 9 // 8), skin)
        b.glow((x - head // 2, y - head // 2), (head, head), light, 210)
        b.glow((x + head, y + head // 3), (head, head * 2), dark, 230)
        b.disc((x + head // 8, y - head * 9 // 8), (head, head * 2 // 5), brown)
        b.ball((x - b.roll(10, 60), y + 4 * head), (head // 2, head // 3), skin, light)
    for _ in range(b.roll(0, 5)):
        b.ball(b.spot(40, 420, 470, 480), (b.roll(18, 40), b.roll(18, 36)), b.tint(cloth, 50), light)
    b.dabs(260, (26, 7), 14, lambda x, y: (x + y) // 64 % 8 - 4)
    for x, y in ((0, _BOARD), (_BOARD, _BOARD), (_BOARD, 0)):
        b.glow((x, y), (260, 260), dark, 230)


def _expressionism(b: _Board) -> None:
    """Jagged, saturated planes with black contours."""
    colours = b.palette(
        "d8281c f0a818 1c50a8 207848 f0e060 701c60",
        "e85818 18a0a0 f0d028 a81848 302878 88b830",
        "c81850 f07828 2890d0 f8e088 185840 402050",
    )
    ink = b.tint((20, 14, 22), 12)
    b.wash(b.pick(colours), b.pick(colours))
    lean = b.roll(-90, 90)
    for _ in range(b.roll(8, 14)):
        x, y = b.spot(0, 0, _BOARD, 360)
        wide, tall = b.roll(40, 130), b.roll(80, 330)
        top = [(x + lean, y), (x + lean + wide // 2, y - b.roll(10, 70)), (x + lean + wide, y + b.roll(-30, 50))]
        house = [(x, y + tall), *top, (x + wide + b.roll(-20, 30), y + tall)]
        b.outlined(house, b.tint(b.pick(colours), 25), ink, b.roll(5, 13))
        if b.roll(0, 2):
            b.outlined([(x + b.roll(0, wide), y + b.roll(20, tall)) for _ in range(3)], b.pick(colours), ink, 5)
    if b.roll(0, 1):
        x, y, size = b.roll(120, 390), b.roll(150, 300), b.roll(60, 110)
        face = _figure((x, y), size, (-8, -8), (4, -10), (8, 0), (2, 12), (-6, 8))
        b.outlined(face, b.pick(colours), ink, 12)
        b.shape([face[1], face[2], face[3], (x + size // 6, y)], b.pick(colours))
        for dx in (-size // 2, size // 3):
            eye = _figure((x + dx, y), 24, (-7, -7), (1, -14), (8, -5), (0, 0))
            b.outlined(eye, (235, 230, 205), ink, 5)
        b.line(_figure((x, y), size, (-3, 5), (2, 6)), ink, 12)
    b.dabs(300, (34, 9), 36, lambda x, y: _slope_of(lean + 20, 160 - x // 4))


def _impressionism(b: _Board) -> None:
    """Short broken dabs over a soft landscape with water or a meadow."""
    sky, haze, far, near, water, sun = b.palette(
        "8fb0d8 d8d8e0 6f8fa8 6f9860 7fa0b8 f8e0a0",
        "e0a890 f0d8b8 8878a0 586f60 a890a8 f8c070",
        "a8c8d0 f0ead0 88a898 8aa848 98b8a8 fff0c0",
    )
    horizon = b.roll(150, 330)
    b.wash(sky, haze, top=0, bottom=horizon + 60)
    b.clouds((250, 244, 236), (6, 4), b.roll(80, 220), bottom=horizon)
    x = b.roll(60, 450)
    b.glow((x, horizon - b.roll(20, 120)), (90, 90), sun, b.roll(120, 255))
    b.ridge(horizon - 10, 30, far, soft=True)
    b.wash(water, b.tint(near, 20), top=horizon + 12)
    b.glow((x, horizon + 110), (40, 130), sun, 150)
    for _ in range(b.roll(2, 7)):
        x, size = b.roll(0, _BOARD), b.roll(40, 110)
        b.glow((x, horizon - size // 2), (size, size * 3 // 2), b.tint(near, 30), 250)
        b.glow((x, horizon + size), (size * 2 // 3, size), b.tint(near, 30), 150)
    length = b.roll(12, 22)
    above, below = (0, 0, _BOARD, horizon), (0, horizon, _BOARD, _BOARD)
    b.dabs(700, (length, length * 2 // 5), b.roll(20, 34), lambda x, y: (x * 7 + y * 3) % 13 - 6, above)
    b.dabs(900, (length + 6, length * 2 // 5), b.roll(26, 40), lambda x, y: (x + y) % 3 - 1, below)


def _post_impressionism(b: _Board) -> None:
    """Strong colours in long strokes that swirl around suns and over rolling fields."""
    sky, deep, sun, field, earth, tree = b.palette(
        "2858b0 143070 f8d030 d8a828 a86820 1c4830",
        "58a0a8 205878 f8b848 78a838 c87038 283858",
        "e8b850 c86830 f8f0a0 4878a8 5a9048 6a2848",
    )
    horizon = b.roll(220, 360)
    b.wash(deep, sky)
    suns = [(*b.spot(30, 20, 480, horizon - 70), b.roll(24, 56)) for _ in range(b.roll(1, 4))]
    for x, y, radius in suns:
        b.glow((x, y), (3 * radius, 3 * radius), sun, 210)
        b.disc((x, y), (radius, radius), sun)
    for level in range(horizon, _BOARD, b.roll(36, 70)):
        b.ridge(level, 26, b.tint(b.pick((field, earth, tree)), 22), soft=True)
    for _ in range(b.roll(0, 3)):
        cypress = _figure(b.spot(20, 300, 490, 500), b.roll(120, 330), (-1, 0), (-1, -4), (0, -8), (1, -4), (1, 0))
        b.shape(_smooth(cypress), tree)

    def swirl(x: int, y: int) -> int:
        if y > horizon:
            return (x // 50 + y // 40) % 5 - 2
        near = min(suns, key=lambda sun: (sun[0] - x) ** 2 + (sun[1] - y) ** 2)
        return _slope_of(near[1] - y, x - near[0])

    length = b.roll(22, 40)
    b.dabs(1300, (length, b.roll(6, 10)), b.roll(28, 46), swirl)


def _realism(b: _Board) -> None:
    """A still life on a table, softly modelled, with quiet colours."""
    wall, table, cloth, fruit, jar, light = b.palette(
        "6a6a60 5a4030 c8c0b0 b05a30 4a6058 f0e8d8",
        "8a8478 7a5a40 e0dccc 8a9a48 7a4a3a fff4e0",
        "4a5058 3c3430 a8a8a8 a83a38 8a7a58 e8e0d0",
    )
    edge = b.roll(250, 340)
    b.wash(b.tint(wall, 14), wall)
    b.clouds(_shade(wall, 6), (4, 4), 130)
    b.glow((b.roll(0, 200), b.roll(0, 160)), (300, 260), light, b.roll(40, 110))
    if b.roll(0, 1):
        x, y, wide, tall = *b.spot(40, 20, 330, 70), b.roll(70, 130), b.roll(100, 150)
        b.pen.rectangle((x - 8, y - 8, x + wide + 8, y + tall + 8), _shade(table, 4))
        for dx in (0, wide // 2 + 4):
            b.pen.rectangle((x + dx, y, x + dx + wide // 2 - 4, y + tall), b.tint(light, 20))
        b.glow((x + wide // 2, y + tall // 2), (180, 180), light, 110)
    b.wash(table, _shade(table, 5), top=edge)
    if b.roll(0, 2):
        x = b.roll(40, 240)
        hem = [(x + b.roll(150, 260), 500), (x + 80, 440), (x - 30, 480)]
        b.shape([(x, edge), (x + b.roll(120, 230), edge), *hem], cloth)
        b.clouds(_shade(cloth, 7), (12, 3), 90, top=edge, bottom=480)
    things = sorted((b.roll(edge - 10, 440), b.roll(50, 460)) for _ in range(b.roll(3, 7)))
    for y, x in things:
        size = b.roll(34, 66)
        b.glow((x + size // 2, y + size), (size * 2, size // 2), (12, 10, 10), 210)
        if b.roll(0, 3):
            b.ball((x, y), (size, size), b.tint(fruit, 45), light)
        else:
            body = b.tint(jar, 30)
            b.ball((x, y - size // 2), (size, size * 3 // 2), body, light)
            b.pen.rectangle((x - size // 3, y - 3 * size, x + size // 3, y - size * 3 // 2), _shade(body, 6))
            b.disc((x, y - 3 * size), (size // 2, size // 7), body)
            b.disc((x, y - 3 * size), (size // 3, size // 10), (24, 20, 18))
    b.dabs(500, (14, 4), 8, lambda x, y: (x + 2 * y) % 9 - 4)


def _renaissance(b: _Board) -> None:
    """A haloed figure in the middle of a symmetric arch, before a far landscape, in warm earth."""
    sky, stone, robe, mantle, skin, gold = b.palette(
        "9ab8c8 b89a70 a83828 28487a e0b890 d8a838",
        "c8c8a8 8a6a4a 386048 a85a28 d8a880 e0b850",
        "b0c0b0 c8b090 7a2838 3a5a58 e8c8a0 c89830",
    )
    horizon, middle = b.roll(230, 310), _BOARD // 2 + b.roll(-12, 12)
    b.wash(sky, b.tint((232, 220, 190), 12), bottom=horizon)
    b.ridge(horizon - 20, 34, b.tint((120, 140, 130), 20), soft=True)
    b.ridge(horizon + 14, 20, b.tint((110, 104, 60), 25), soft=True)
    floor, light, dark = b.roll(370, 420), b.tint(stone, 15), _shade(stone, 5)
    b.pen.rectangle((0, floor, _BOARD, _BOARD), light)
    for i in range(-9, 10, 2):
        near, far = (i * 70, i * 70 + 70), (i * 16 + 16, i * 16)
        b.shape([*((middle + x, _BOARD) for x in near), *((middle + x, floor) for x in far)], dark)
    size = b.roll(24, 38)
    head = b.roll(150, 215)
    hem = [(middle - 3 * size, 490), (middle - 2 * size, head + 3 * size), (middle - size, head + size)]
    b.shape(_smooth([*hem, *[(2 * middle - x, y) for x, y in reversed(hem)]]), mantle)
    collar = _figure((middle, head), size, (-4, 8), (4, 8))
    b.shape([(middle - size, 490), *collar, (middle + size, 490)], robe)
    for _ in range(b.roll(4, 9)):
        x = middle + b.roll(-2 * size, 2 * size)
        b.line([(middle + (x - middle) // 3, head + 2 * size), (x, 480)], b.tint(b.pick((robe, mantle)), 30), 5)
    b.disc((middle, head), (size * 7 // 4, size * 7 // 4), gold)
    b.disc((middle, head), (size * 3 // 2, size * 3 // 2), b.tint(gold, 25))
    b.disc((middle, head - size // 5), (size, size * 5 // 4), _shade(gold, 3))
    b.ball((middle, head), (size * 4 // 5, size), skin, (250, 230, 200))
    pillar, rise = b.roll(50, 90), b.roll(150, 210)
    half = _smooth([(pillar, rise), (pillar + 40, rise - 90), (_BOARD // 2, rise - b.roll(110, 150))])
    arch = [*half, *[(_BOARD - x, y) for x, y in reversed(half)]]
    opening = [(pillar, _BOARD), *arch, (_BOARD - pillar, _BOARD)]
    b.shape([(0, 0), (0, _BOARD), *opening, (_BOARD, _BOARD), (_BOARD, 0)], stone)
    b.line(opening, dark, 9)
    for x in (pillar // 2, _BOARD - pillar // 2):
        b.pen.rectangle((x - pillar // 5, rise, x + pillar // 5, _BOARD), b.tint(light, 10))
        b.pen.rectangle((x - pillar // 3, rise - 20, x + pillar // 3, rise), dark)
        b.disc((x, rise // 2), (pillar // 3, pillar // 3), gold)
    b.dabs(300, (16, 5), 12, lambda x, y: x % 7 - 3)


def _romanticism(b: _Board) -> None:
    """A storm sky torn open by the sun, over mountains or a running sea."""
    storm, sky, fire, peak, sea = b.palette(
        "303848 7a8088 f8c868 3a3a48 2c4850", "4a3840 a88070 f89848 402c38 3c3848", "586878 b8b8a8 fff0c0 4a5850 4a6868"
    )
    horizon, x = b.roll(260, 380), b.roll(90, 420)
    b.wash(storm, sky, b.tint(fire, 30), bottom=horizon + 40)
    y = horizon - b.roll(10, 130)
    b.glow((x, y), (230, 190), fire, 230)
    for cells in ((4, 4), (9, 6), (18, 12)):
        b.clouds(b.tint(storm, 25), cells, b.roll(120, 230), bottom=horizon)
    b.glow((x, y), (80, 70), (255, 244, 210), b.roll(170, 255))
    for depth in range(b.roll(0, 3)):
        b.ridge(horizon - 50 + 26 * depth, 60 - 14 * depth, b.tint(peak, 22), soft=False)
    if b.roll(0, 2):
        b.wash(b.tint(sea, 15), _shade(sea, 4), top=horizon)
        b.glow((x, horizon + 60), (60, 120), fire, 170)
        b.dabs(420, (44, 9), 30, lambda x, y: (x // 30 + y // 17) % 5 - 2, (0, horizon, _BOARD, _BOARD))
        ship, size = (b.roll(60, 450), horizon + b.roll(10, 60)), b.roll(20, 50)
        b.shape(_figure(ship, size, (-8, -2), (8, -3), (5, 2), (-5, 3)), (28, 20, 18))
        b.shape(_figure(ship, size, (0, -24), (6, -4), (-2, -3)), b.tint((190, 175, 150), 30))
    else:
        b.ridge(horizon + 10, 28, _shade(peak, 4), soft=True)
        wanderer = (b.roll(100, 410), horizon + 30)
        b.shape(_figure(wanderer, 40, (-3, 8), (-2, -6), (2, -6), (3, 8)), (16, 14, 18))
        b.disc((wanderer[0], wanderer[1] - 38), (8, 10), (60, 44, 38))
    b.dabs(350, (40, 12), 12, lambda x, y: _slope_of(60, y - 300 + x // 3), (0, 0, _BOARD, horizon))


def _surrealism(b: _Board) -> None:
    """Odd things afloat over an empty plain, with long shadows."""
    sky, haze, plain, thing, other, shade = b.palette(
        "3870a8 f0d8a8 d8a860 c84830 e8e0d0 6a4a30",
        "286858 e8e8b0 b87848 5848a0 f0c040 4a2c28",
        "a85878 f8c8a0 88a0a8 286878 f0e8c8 384858",
    )
    horizon, slant = b.roll(250, 360), b.pick((-1, 1)) * b.roll(80, 200)
    b.wash(sky, haze, bottom=horizon)
    b.wash(haze, plain, b.tint(plain, 30), top=horizon)
    if b.roll(0, 1):
        b.ridge(horizon + 2, b.roll(10, 40), b.tint(shade, 30), soft=False)
        b.wash(haze, plain, b.tint(plain, 30), top=horizon + 16)
    for _ in range(b.roll(3, 6)):
        x, y, size = *b.spot(60, 60, 450, 330), b.roll(22, 66)
        foot, colour = max(horizon + 50, y + b.roll(60, 160)), b.tint(b.pick((thing, other)), 30)
        shadow = [*_figure((x, foot), size, (-4, 0), (4, 0)), *_figure((x + slant, foot + 48), size, (4, 0), (-4, 0))]
        b.shape(shadow, shade)
        kind = b.roll(0, 3)
        if kind == 0:
            b.ball((x, y), (size, size), colour, (255, 250, 236))
        elif kind == 1:
            b.shape(_figure((x, y), size, (-8, 0), (0, 4), (0, 16), (-8, 12)), colour)
            b.shape(_figure((x, y), size, (8, 0), (0, 4), (0, 16), (8, 12)), _shade(colour, 5))
            b.shape(_figure((x, y), size, (-8, 0), (0, -4), (8, 0), (0, 4)), b.tint((238, 228, 206), 12))
        elif kind == 2:
            drop = b.roll(8, 16)
            clock = _figure((x, y), size, (-8, 0), (-4, -4), (8, -3), (8, drop), (4, 2 * drop), (3, 4), (-8, 4))
            b.shape(_smooth(clock), colour)
            b.disc((x, y), (size // 2, size // 4), b.tint((240, 234, 214), 12))
            b.line([(x, y), (x + size // 4, y - size // 6)], shade, 4)
        else:
            b.shape([(x - 5, y), (x + 5, y), (x + 8, foot), (x - 8, foot)], shade)
            b.ball((x, y), (size, size * 2 // 3), colour, (255, 250, 236))
            b.disc((x, y), (size // 3, size // 3), (18, 16, 22))


def _ukiyo_e(b: _Board) -> None:
    """Flat areas with dark contours: a mountain or a sun, rows of waves, a seal."""
    paper, band, mount, wave, foam, seal = b.palette(
        "ece0c0 c8503c 8a9aa8 28508c f4efdc c02820",
        "e0d8b0 3a6088 a86848 3c7890 f0ead0 b83018",
        "f0d8b8 587868 5a6a8a 1c3c64 e8e4d0 d03830",
    )
    ink = b.tint((30, 32, 48), 12)
    b.wash(paper, paper)
    b.wash(band, paper, top=0, bottom=b.roll(60, 170))
    if b.roll(0, 1):
        b.disc(b.spot(100, 110, 420, 200), (b.roll(36, 70),) * 2, b.tint(seal, 20))
    x, peak, foot = b.roll(130, 390), b.roll(90, 190), b.roll(300, 360)
    slopes = _figure((x, peak), 80, (-8, 9), (-2, 0), (2, 0), (8, 9))
    b.outlined(_smooth([(x - 250, foot), *slopes, (x + 250, foot)], 2), mount, ink, 5)
    b.outlined(_figure((x, peak), 40, (-10, 12), (-4, 0), (4, 0), (10, 12), (4, 8), (0, 14), (-4, 8)), foam, ink, 4)
    for _ in range(b.roll(0, 3)):
        x, y, long = *b.spot(20, 120, 380, 280), b.roll(60, 190)
        b.line([(x, y), (x + long, y)], b.tint(paper, 10), 20)
        b.line([(x + 30, y + 16), (x + long + 50, y + 16)], b.tint(paper, 10), 16)
    pitch = b.roll(70, 150)
    for row, y in enumerate(range(b.roll(310, 360), _BOARD + 60, b.roll(36, 56))):
        for x in range(-pitch + row % 2 * pitch // 2, _BOARD + pitch, pitch):
            tall = pitch // 2 + b.roll(-8, 14)
            claw = _figure((x, y), 2 * tall, (1, 0), (4, -2), (8, -1), (6, 0))
            b.outlined([*_smooth([(x, y + 70), *claw], 2), (claw[-1][0], y + 70)], b.tint(wave, 14), ink, 5)
            b.line(_smooth(claw, 2), foam, 9)
    if b.roll(0, 2) == 0:
        rim, size = b.spot(-60, 300, 60, 360), b.roll(150, 230)
        claw = _smooth(_figure(rim, size, (1, -4), (8, -8), (16, -3), (12, -3)))
        b.outlined([(rim[0], _BOARD), *claw, *_figure(rim, size, (8, 0)), (rim[0] + 2 * size, _BOARD)], wave, ink, 7)
        b.line(claw, foam, 22)
        for drop in _figure(rim, size, (13, -5), (11, -3), (16, -2), (14, -1)):
            b.disc(drop, (11, 11), foam)
    x, y = b.pick((30, 440)), b.roll(40, 300)
    b.pen.rectangle((x, y, x + 38, y + 62), seal)
    for _ in range(5):
        xa, ya = b.spot(x + 6, y + 8, x + 22, y + 50)
        b.line([(xa, ya), (xa + 10, ya + b.pick((-6, 0, 6)))], foam, 4)


_PAINTERS: dict[str, Callable[[_Board], None]] = {
    "art_nouveau": _art_nouveau,
    "baroque": _baroque,
    "expressionism": _expressionism,
    "impressionism": _impressionism,
    "post_impressionism": _post_impressionism,
    "realism": _realism,
    "renaissance": _renaissance,
    "romanticism": _romanticism,
    "surrealism": _surrealism,
    "ukiyo_e": _ukiyo_e,
}
STYLES = tuple(_PAINTERS)


def paint(style: str, rng: np.random.Generator) -> Image.Image:
    """A finished picture of the style, 256 x 256: its own mirror side, sharpness, tone, light and surface."""
    board = _Board(rng)
    _PAINTERS[style](board)
    image = ImageOps.mirror(board.image) if board.roll(0, 1) else board.image
    image = image.filter(ImageFilter.BoxBlur(board.pick((0, 0, 1)))).reduce(2)
    pixels = np.asarray(image, np.int32)
    contrast, light = board.roll(185, 280), np.array([board.roll(-14, 14) for _ in "RGB"]) + board.roll(-18, 18)
    pixels = (pixels - 128) * contrast // 256 + 128 + light + _surface(board)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _surface(b: _Board) -> np.ndarray:
    """What lies on every painting, as offsets of its pixels: grey and coloured grain, and the weave of the canvas."""
    grain, colour, weave, pitch = b.roll(3, 18), b.roll(0, 6), b.roll(0, 7), b.roll(2, 4)
    shape = (_NATIVE, _NATIVE)
    across = np.arange(_NATIVE) // pitch
    relief = ((across + across[:, None]) % 2 * 2 - 1)[:, :, None] * weave
    return (
        b.rng.integers(-grain, grain + 1, (*shape, 1), dtype=np.int16)
        + b.rng.integers(-colour, colour + 1, (*shape, 3), dtype=np.int16)
        + relief
    )
