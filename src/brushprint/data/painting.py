"""Small abstract paintings in ten styles, drawn by the package.

Each style has a function that paints it on a board with the brushes of `brushprint.data.brushes`. Every random number
of a picture comes from the picture's own generator, so changing the order of the calls changes the picture.
"""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from brushprint.data.brushes import BOARD, SIDE, Board, darken, figure, slope_of, smooth


def _art_nouveau(b: Board) -> None:
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
        stalk = smooth([*bends, (tip, b.roll(60, 200)), (tip - sway // 3, b.roll(120, 220))])
        b.line(stalk, ink, 14)
        b.line(stalk, b.tint(stem, 20), 8)
        size = b.roll(13, 26)
        for petal in figure(stalk[-1], size, (-8, 0), (8, 0), (0, -8), (0, 8), (0, 0)):
            b.disc(petal, (size, size), ink)
            b.disc(petal, (size - 3, size - 3), b.tint(bloom, 20))
    border, motif = b.roll(26, 44), b.tint(stem, 15)
    for inset, width, colour in ((0, border, ink), (4, border - 8, motif)):
        b.pen.rectangle((inset, inset, BOARD - inset, BOARD - inset), outline=colour, width=width)
    for i in range(border // 2, BOARD, border + b.roll(4, 24)):
        for x, y in ((i, border // 2), (i, BOARD - border // 2), (border // 2, i), (BOARD - border // 2, i)):
            b.disc((x, y), (border // 3, border // 3), halo)
            b.disc((x, y), (border // 6, border // 6), bloom)


def _baroque(b: Board) -> None:
    """Figures lit from one side out of a dark ground."""
    dark, brown, skin, cloth, light = b.palette(
        "16100c 4a2f1c d9a878 8c1f1c f6dcae", "0e1214 3a3428 c9976a 2c4666 f0e0c0", "1c1410 5a3a1e e0b088 a8762a ffe6b4"
    )
    b.wash(dark, b.tint(dark, 12))
    b.clouds(brown, (5, 5), 150)
    b.glow((b.roll(0, 160), b.roll(0, 120)), (330, 300), brown, 190)
    for _ in range(b.roll(1, 3)):
        x, y, head = b.roll(130, 390), b.roll(130, 220), b.roll(34, 58)
        robe, dim = b.tint(cloth, 30), darken(cloth, 3)
        shoulders = figure((x, y), head, (-16, 16), (-8, 8), (8, 8), (16, 16))
        b.shape([*smooth(shoulders), (x + 3 * head, BOARD), (x - 3 * head, BOARD)], dim)
        for _ in range(b.roll(7, 12)):
            fold, foot = x + b.roll(-2 * head, head // 2), b.roll(330, 510)
            drape = [(fold, y + 2 * head), (fold - b.roll(0, 40), (y + foot) // 2 + 40), (fold - 30, foot)]
            b.line(smooth(drape), b.tint(robe, 25), b.roll(6, 22))
        b.disc((x, y), (head, head * 5 // 4), darken(skin, 4))
        b.disc((x - head // 6, y - head // 10), (head * 5 // 6, head * 9 // 8), skin)
        b.glow((x - head // 2, y - head // 2), (head, head), light, 210)
        b.glow((x + head, y + head // 3), (head, head * 2), dark, 230)
        b.disc((x + head // 8, y - head * 9 // 8), (head, head * 2 // 5), brown)
        b.ball((x - b.roll(10, 60), y + 4 * head), (head // 2, head // 3), skin, light)
    for _ in range(b.roll(0, 5)):
        b.ball(b.spot(40, 420, 470, 480), (b.roll(18, 40), b.roll(18, 36)), b.tint(cloth, 50), light)
    b.dabs(260, (26, 7), 14, lambda x, y: (x + y) // 64 % 8 - 4)
    for x, y in ((0, BOARD), (BOARD, BOARD), (BOARD, 0)):
        b.glow((x, y), (260, 260), dark, 230)


def _expressionism(b: Board) -> None:
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
        x, y = b.spot(0, 0, BOARD, 360)
        wide, tall = b.roll(40, 130), b.roll(80, 330)
        top = [(x + lean, y), (x + lean + wide // 2, y - b.roll(10, 70)), (x + lean + wide, y + b.roll(-30, 50))]
        house = [(x, y + tall), *top, (x + wide + b.roll(-20, 30), y + tall)]
        b.outlined(house, b.tint(b.pick(colours), 25), ink, b.roll(5, 13))
        if b.roll(0, 2):
            b.outlined([(x + b.roll(0, wide), y + b.roll(20, tall)) for _ in range(3)], b.pick(colours), ink, 5)
    if b.roll(0, 1):
        x, y, size = b.roll(120, 390), b.roll(150, 300), b.roll(60, 110)
        face = figure((x, y), size, (-8, -8), (4, -10), (8, 0), (2, 12), (-6, 8))
        b.outlined(face, b.pick(colours), ink, 12)
        b.shape([face[1], face[2], face[3], (x + size // 6, y)], b.pick(colours))
        for dx in (-size // 2, size // 3):
            eye = figure((x + dx, y), 24, (-7, -7), (1, -14), (8, -5), (0, 0))
            b.outlined(eye, (235, 230, 205), ink, 5)
        b.line(figure((x, y), size, (-3, 5), (2, 6)), ink, 12)
    b.dabs(300, (34, 9), 36, lambda x, y: slope_of(lean + 20, 160 - x // 4))


def _impressionism(b: Board) -> None:
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
        x, size = b.roll(0, BOARD), b.roll(40, 110)
        b.glow((x, horizon - size // 2), (size, size * 3 // 2), b.tint(near, 30), 250)
        b.glow((x, horizon + size), (size * 2 // 3, size), b.tint(near, 30), 150)
    length = b.roll(12, 22)
    above, below = (0, 0, BOARD, horizon), (0, horizon, BOARD, BOARD)
    b.dabs(700, (length, length * 2 // 5), b.roll(20, 34), lambda x, y: (x * 7 + y * 3) % 13 - 6, above)
    b.dabs(900, (length + 6, length * 2 // 5), b.roll(26, 40), lambda x, y: (x + y) % 3 - 1, below)


def _post_impressionism(b: Board) -> None:
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
    for level in range(horizon, BOARD, b.roll(36, 70)):
        b.ridge(level, 26, b.tint(b.pick((field, earth, tree)), 22), soft=True)
    for _ in range(b.roll(0, 3)):
        cypress = figure(b.spot(20, 300, 490, 500), b.roll(120, 330), (-1, 0), (-1, -4), (0, -8), (1, -4), (1, 0))
        b.shape(smooth(cypress), tree)

    def swirl(x: int, y: int) -> int:
        if y > horizon:
            return (x // 50 + y // 40) % 5 - 2
        near = min(suns, key=lambda sun: (sun[0] - x) ** 2 + (sun[1] - y) ** 2)
        return slope_of(near[1] - y, x - near[0])

    length = b.roll(22, 40)
    b.dabs(1300, (length, b.roll(6, 10)), b.roll(28, 46), swirl)


def _realism(b: Board) -> None:
    """A still life on a table, softly modelled, with quiet colours."""
    wall, table, cloth, fruit, jar, light = b.palette(
        "6a6a60 5a4030 c8c0b0 b05a30 4a6058 f0e8d8",
        "8a8478 7a5a40 e0dccc 8a9a48 7a4a3a fff4e0",
        "4a5058 3c3430 a8a8a8 a83a38 8a7a58 e8e0d0",
    )
    edge = b.roll(250, 340)
    b.wash(b.tint(wall, 14), wall)
    b.clouds(darken(wall, 6), (4, 4), 130)
    b.glow((b.roll(0, 200), b.roll(0, 160)), (300, 260), light, b.roll(40, 110))
    if b.roll(0, 1):
        x, y, wide, tall = *b.spot(40, 20, 330, 70), b.roll(70, 130), b.roll(100, 150)
        b.pen.rectangle((x - 8, y - 8, x + wide + 8, y + tall + 8), darken(table, 4))
        for dx in (0, wide // 2 + 4):
            b.pen.rectangle((x + dx, y, x + dx + wide // 2 - 4, y + tall), b.tint(light, 20))
        b.glow((x + wide // 2, y + tall // 2), (180, 180), light, 110)
    b.wash(table, darken(table, 5), top=edge)
    if b.roll(0, 2):
        x = b.roll(40, 240)
        hem = [(x + b.roll(150, 260), 500), (x + 80, 440), (x - 30, 480)]
        b.shape([(x, edge), (x + b.roll(120, 230), edge), *hem], cloth)
        b.clouds(darken(cloth, 7), (12, 3), 90, top=edge, bottom=480)
    things = sorted((b.roll(edge - 10, 440), b.roll(50, 460)) for _ in range(b.roll(3, 7)))
    for y, x in things:
        size = b.roll(34, 66)
        b.glow((x + size // 2, y + size), (size * 2, size // 2), (12, 10, 10), 210)
        if b.roll(0, 3):
            b.ball((x, y), (size, size), b.tint(fruit, 45), light)
        else:
            body = b.tint(jar, 30)
            b.ball((x, y - size // 2), (size, size * 3 // 2), body, light)
            b.pen.rectangle((x - size // 3, y - 3 * size, x + size // 3, y - size * 3 // 2), darken(body, 6))
            b.disc((x, y - 3 * size), (size // 2, size // 7), body)
            b.disc((x, y - 3 * size), (size // 3, size // 10), (24, 20, 18))
    b.dabs(500, (14, 4), 8, lambda x, y: (x + 2 * y) % 9 - 4)


def _renaissance(b: Board) -> None:
    """A haloed figure in the middle of a symmetric arch, before a far landscape, in warm earth colours."""
    sky, stone, robe, mantle, skin, gold = b.palette(
        "9ab8c8 b89a70 a83828 28487a e0b890 d8a838",
        "c8c8a8 8a6a4a 386048 a85a28 d8a880 e0b850",
        "b0c0b0 c8b090 7a2838 3a5a58 e8c8a0 c89830",
    )
    horizon, middle = b.roll(230, 310), BOARD // 2 + b.roll(-12, 12)
    b.wash(sky, b.tint((232, 220, 190), 12), bottom=horizon)
    b.ridge(horizon - 20, 34, b.tint((120, 140, 130), 20), soft=True)
    b.ridge(horizon + 14, 20, b.tint((110, 104, 60), 25), soft=True)
    floor, light, dark = b.roll(370, 420), b.tint(stone, 15), darken(stone, 5)
    b.pen.rectangle((0, floor, BOARD, BOARD), light)
    for i in range(-9, 10, 2):
        near, far = (i * 70, i * 70 + 70), (i * 16 + 16, i * 16)
        b.shape([*((middle + x, BOARD) for x in near), *((middle + x, floor) for x in far)], dark)
    size = b.roll(24, 38)
    head = b.roll(150, 215)
    hem = [(middle - 3 * size, 490), (middle - 2 * size, head + 3 * size), (middle - size, head + size)]
    b.shape(smooth([*hem, *[(2 * middle - x, y) for x, y in reversed(hem)]]), mantle)
    collar = figure((middle, head), size, (-4, 8), (4, 8))
    b.shape([(middle - size, 490), *collar, (middle + size, 490)], robe)
    for _ in range(b.roll(4, 9)):
        x = middle + b.roll(-2 * size, 2 * size)
        b.line([(middle + (x - middle) // 3, head + 2 * size), (x, 480)], b.tint(b.pick((robe, mantle)), 30), 5)
    b.disc((middle, head), (size * 7 // 4, size * 7 // 4), gold)
    b.disc((middle, head), (size * 3 // 2, size * 3 // 2), b.tint(gold, 25))
    b.disc((middle, head - size // 5), (size, size * 5 // 4), darken(gold, 3))
    b.ball((middle, head), (size * 4 // 5, size), skin, (250, 230, 200))
    pillar, rise = b.roll(50, 90), b.roll(150, 210)
    half = smooth([(pillar, rise), (pillar + 40, rise - 90), (BOARD // 2, rise - b.roll(110, 150))])
    arch = [*half, *[(BOARD - x, y) for x, y in reversed(half)]]
    opening = [(pillar, BOARD), *arch, (BOARD - pillar, BOARD)]
    b.shape([(0, 0), (0, BOARD), *opening, (BOARD, BOARD), (BOARD, 0)], stone)
    b.line(opening, dark, 9)
    for x in (pillar // 2, BOARD - pillar // 2):
        b.pen.rectangle((x - pillar // 5, rise, x + pillar // 5, BOARD), b.tint(light, 10))
        b.pen.rectangle((x - pillar // 3, rise - 20, x + pillar // 3, rise), dark)
        b.disc((x, rise // 2), (pillar // 3, pillar // 3), gold)
    b.dabs(300, (16, 5), 12, lambda x, y: x % 7 - 3)


def _romanticism(b: Board) -> None:
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
        b.wash(b.tint(sea, 15), darken(sea, 4), top=horizon)
        b.glow((x, horizon + 60), (60, 120), fire, 170)
        b.dabs(420, (44, 9), 30, lambda x, y: (x // 30 + y // 17) % 5 - 2, (0, horizon, BOARD, BOARD))
        ship, size = (b.roll(60, 450), horizon + b.roll(10, 60)), b.roll(20, 50)
        b.shape(figure(ship, size, (-8, -2), (8, -3), (5, 2), (-5, 3)), (28, 20, 18))
        b.shape(figure(ship, size, (0, -24), (6, -4), (-2, -3)), b.tint((190, 175, 150), 30))
    else:
        b.ridge(horizon + 10, 28, darken(peak, 4), soft=True)
        wanderer = (b.roll(100, 410), horizon + 30)
        b.shape(figure(wanderer, 40, (-3, 8), (-2, -6), (2, -6), (3, 8)), (16, 14, 18))
        b.disc((wanderer[0], wanderer[1] - 38), (8, 10), (60, 44, 38))
    b.dabs(350, (40, 12), 12, lambda x, y: slope_of(60, y - 300 + x // 3), (0, 0, BOARD, horizon))


def _surrealism(b: Board) -> None:
    """Odd objects that float above an empty plain, with long shadows."""
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
        shadow = [*figure((x, foot), size, (-4, 0), (4, 0)), *figure((x + slant, foot + 48), size, (4, 0), (-4, 0))]
        b.shape(shadow, shade)
        kind = b.roll(0, 3)
        if kind == 0:
            b.ball((x, y), (size, size), colour, (255, 250, 236))
        elif kind == 1:
            b.shape(figure((x, y), size, (-8, 0), (0, 4), (0, 16), (-8, 12)), colour)
            b.shape(figure((x, y), size, (8, 0), (0, 4), (0, 16), (8, 12)), darken(colour, 5))
            b.shape(figure((x, y), size, (-8, 0), (0, -4), (8, 0), (0, 4)), b.tint((238, 228, 206), 12))
        elif kind == 2:
            drop = b.roll(8, 16)
            clock = figure((x, y), size, (-8, 0), (-4, -4), (8, -3), (8, drop), (4, 2 * drop), (3, 4), (-8, 4))
            b.shape(smooth(clock), colour)
            b.disc((x, y), (size // 2, size // 4), b.tint((240, 234, 214), 12))
            b.line([(x, y), (x + size // 4, y - size // 6)], shade, 4)
        else:
            b.shape([(x - 5, y), (x + 5, y), (x + 8, foot), (x - 8, foot)], shade)
            b.ball((x, y), (size, size * 2 // 3), colour, (255, 250, 236))
            b.disc((x, y), (size // 3, size // 3), (18, 16, 22))


def _ukiyo_e(b: Board) -> None:
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
    slopes = figure((x, peak), 80, (-8, 9), (-2, 0), (2, 0), (8, 9))
    b.outlined(smooth([(x - 250, foot), *slopes, (x + 250, foot)], 2), mount, ink, 5)
    b.outlined(figure((x, peak), 40, (-10, 12), (-4, 0), (4, 0), (10, 12), (4, 8), (0, 14), (-4, 8)), foam, ink, 4)
    for _ in range(b.roll(0, 3)):
        x, y, long = *b.spot(20, 120, 380, 280), b.roll(60, 190)
        b.line([(x, y), (x + long, y)], b.tint(paper, 10), 20)
        b.line([(x + 30, y + 16), (x + long + 50, y + 16)], b.tint(paper, 10), 16)
    pitch = b.roll(70, 150)
    for row, y in enumerate(range(b.roll(310, 360), BOARD + 60, b.roll(36, 56))):
        for x in range(-pitch + row % 2 * pitch // 2, BOARD + pitch, pitch):
            tall = pitch // 2 + b.roll(-8, 14)
            claw = figure((x, y), 2 * tall, (1, 0), (4, -2), (8, -1), (6, 0))
            b.outlined([*smooth([(x, y + 70), *claw], 2), (claw[-1][0], y + 70)], b.tint(wave, 14), ink, 5)
            b.line(smooth(claw, 2), foam, 9)
    if b.roll(0, 2) == 0:
        rim, size = b.spot(-60, 300, 60, 360), b.roll(150, 230)
        claw = smooth(figure(rim, size, (1, -4), (8, -8), (16, -3), (12, -3)))
        b.outlined([(rim[0], BOARD), *claw, *figure(rim, size, (8, 0)), (rim[0] + 2 * size, BOARD)], wave, ink, 7)
        b.line(claw, foam, 22)
        for drop in figure(rim, size, (13, -5), (11, -3), (16, -2), (14, -1)):
            b.disc(drop, (11, 11), foam)
    x, y = b.pick((30, 440)), b.roll(40, 300)
    b.pen.rectangle((x, y, x + 38, y + 62), seal)
    for _ in range(5):
        xa, ya = b.spot(x + 6, y + 8, x + 22, y + 50)
        b.line([(xa, ya), (xa + 10, ya + b.pick((-6, 0, 6)))], foam, 4)


_PAINTERS: dict[str, Callable[[Board], None]] = {
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
    """Paint a square RGB picture in the given style (one of `STYLES`), `SIDE` pixels wide and high.

    After the style has been painted, the picture may be mirrored and blurred, and gets a random contrast, a random
    shift of brightness and colour, and a random surface. Raises `KeyError` for an unknown style.
    """
    board = Board(rng)
    _PAINTERS[style](board)
    image = ImageOps.mirror(board.image) if board.roll(0, 1) else board.image
    image = image.filter(ImageFilter.BoxBlur(board.pick((0, 0, 1)))).reduce(2)
    pixels = np.asarray(image, np.int32)
    contrast, light = board.roll(185, 280), np.array([board.roll(-14, 14) for _ in "RGB"]) + board.roll(-18, 18)
    pixels = (pixels - 128) * contrast // 256 + 128 + light + _surface(board)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _surface(b: Board) -> np.ndarray:
    """The grey grain, the coloured grain and the canvas weave, as offsets to add to pixels, int64 [SIDE, SIDE, 3]."""
    grain, colour, weave, pitch = b.roll(3, 18), b.roll(0, 6), b.roll(0, 7), b.roll(2, 4)
    shape = (SIDE, SIDE)
    across = np.arange(SIDE) // pitch
    relief = ((across + across[:, None]) % 2 * 2 - 1)[:, :, None] * weave
    return (
        b.rng.integers(-grain, grain + 1, (*shape, 1), dtype=np.int16)
        + b.rng.integers(-colour, colour + 1, (*shape, 3), dtype=np.int16)
        + relief
    )
