"""The patterns, each a function that paints a whole cloth in three colours."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from cloth import CUFF, Cloth
from shape import LENGTH, Point

Colours = tuple[str, str, str]
Pattern = Callable[[Cloth, Colours], None]


def _grid(along: float, across: float) -> Iterator[Point]:
    """Yield the points of a grid with every other row moved by half a step."""
    for row in range(math.ceil((LENGTH - CUFF) / along)):
        shift = across / 2 if row % 2 else 0.0
        for column in range(-2, 3):
            yield CUFF + along * (row + 0.62), column * across + shift


def _shift(middle: Point, points: list[Point]) -> list[Point]:
    """Return a motif, drawn as (right, down) about its middle, as cloth points."""
    return [(middle[0] + y, middle[1] - x) for x, y in points]


def _star(radius: float) -> list[Point]:
    reach = [radius if step % 2 == 0 else radius * 0.42 for step in range(10)]
    return [(r * math.sin(math.pi * i / 5), -r * math.cos(math.pi * i / 5)) for i, r in enumerate(reach)]


def weave(cloth: Cloth, colours: Colours) -> None:
    size = 26.0
    for row in range(-1, math.ceil(LENGTH / size)):
        for column in range(-4, 4):
            u, v = row * size, column * size
            colour = colours[0] if (row + column) % 2 else colours[1]
            for part in range(3):
                low, high = part * size / 3 + 1.2, (part + 1) * size / 3 - 1.2
                if (row + column) % 2:
                    cloth.polygon([(u, v + low), (u + size, v + low), (u + size, v + high), (u, v + high)], colour)
                else:
                    cloth.polygon([(u + low, v), (u + high, v), (u + high, v + size), (u + low, v + size)], colour)
    for at in (CUFF + 52, CUFF + 64):
        cloth.band(at, at + 5, colours[2])


def glasses(cloth: Cloth, colours: Colours) -> None:
    for u, v in _grid(48, 74):
        for side in (-13, 13):
            cloth.spot((u, v + side), 11, colours[0])
            cloth.spot((u, v + side), 7.4, colours[1])
        cloth.polygon(_shift((u, v), [(-4, -4), (4, -4), (4, -1), (-4, -1)]), colours[0])


def crosses(cloth: Cloth, colours: Colours) -> None:
    arm, thick = 17.0, 5.5
    plus = [(-thick, -arm), (thick, -arm), (thick, -thick), (arm, -thick), (arm, thick), (thick, thick), (thick, arm),
            (-thick, arm), (-thick, thick), (-arm, thick), (-arm, -thick), (-thick, -thick)]  # fmt: skip
    turned = [((x - y) * 0.7071, (x + y) * 0.7071) for x, y in plus]
    for index, middle in enumerate(_grid(44, 52)):
        cloth.polygon(_shift(middle, turned), colours[index % 2])


def sport(cloth: Cloth, colours: Colours) -> None:
    for at, thick, colour in ((CUFF + 14, 22, 0), (CUFF + 46, 22, 1), (CUFF + 78, 22, 0)):
        cloth.band(at, at + thick, colours[colour])
    for start, thick in ((LENGTH - 214, 10), (LENGTH - 196, 34), (LENGTH - 154, 10)):
        cloth.band(start, start + thick, colours[1 if thick > 20 else 2])
    for lane in range(-5, 6):
        cloth.strip(lane * 15 - 0.9, lane * 15 + 0.9, "#ffffff16", CUFF + 104, LENGTH - 218)


def holy(cloth: Cloth, colours: Colours) -> None:
    for index, middle in enumerate(_grid(46, 58)):
        cloth.polygon(_shift(middle, _star(13 if index % 2 else 8)), colours[index % 2])
    holes = ((150, -26, 19), (232, 34, 25), (292, -36, 15), (415, -2, 22), (505, 8, 17), (195, 12, 9), (546, -34, 10))
    for u, v, radius in holes:
        cloth.hole((u, v), radius, colours[2])


def play(cloth: Cloth, colours: Colours) -> None:
    for middle in _grid(62, 84):
        left, right = (middle[0], middle[1] + 13), (middle[0], middle[1] - 13)
        cloth.spot(left, 17, colours[0])
        cloth.spot(right, 17, colours[0])
        cloth.polygon(_shift(middle, [(-15, -17), (15, -17), (15, 17), (-15, 17)]), colours[0])
        cloth.polygon(_shift(middle, [(-7, -9.5), (11, 0), (-7, 9.5)]), colours[1])


def zigzag(cloth: Cloth, colours: Colours) -> None:
    pitch, height = 34.0, 20.0
    teeth = [(i * pitch / 2 - 4 * pitch, height if i % 2 else 0.0) for i in range(17)]
    for row in range(18):
        start, colour = CUFF - 20 + row * 32, colours[row % 3]
        upper = [(start + rise, v) for v, rise in teeth]
        lower = [(start + rise + 17, v) for v, rise in reversed(teeth)]
        cloth.polygon([*upper, *lower], colour)


def argyle(cloth: Cloth, colours: Colours) -> None:
    high, wide = 54.0, 39.0
    for row in range(13):
        for column in (-2, 0, 2) if row % 2 == 0 else (-3, -1, 1, 3):
            u, v = CUFF + 10 + row * high, column * wide
            colour = colours[row % 2]
            cloth.polygon([(u - high, v), (u, v + wide), (u + high, v), (u, v - wide)], colour)
    for lane in range(-4, 14):
        for slope in (-1, 1):
            u = CUFF + 10 + high / 2 + lane * high
            ends = [(u, -2 * wide * slope), (u + 4 * high, 2 * wide * slope)]
            for part in range(16):
                a, b = part / 16, part / 16 + 0.036
                line = [(u + (ends[1][0] - u) * t, ends[0][1] + (ends[1][1] - ends[0][1]) * t) for t in (a, b)]
                cloth.polygon([(line[0][0] - 2.2, line[0][1]), (line[0][0] + 2.2, line[0][1]),
                               (line[1][0] + 2.2, line[1][1]), (line[1][0] - 2.2, line[1][1])], colours[2])  # fmt: skip


def rainbow(cloth: Cloth, colours: Colours) -> None:
    shades = ("#e5484d", "#f5833c", "#f7c948", "#59b36a", "#3aa6b9", "#4b6fd6", "#8b5cc7", "#d9629b")
    for row in range(26):
        cloth.band(CUFF + row * 22, CUFF + row * 22 + 22.5, shades[row % len(shades)])
        cloth.band(CUFF + row * 22 - 1.5, CUFF + row * 22 + 1.5, colours[0])


def cats(cloth: Cloth, colours: Colours) -> None:
    for index, middle in enumerate(_grid(56, 68)):
        fur, eye, nose = (colours[index % 2], "#fdf6e8", colours[2])
        cloth.polygon(_shift(middle, [(-19, 6), (-19, -22), (-5, -11), (5, -11), (19, -22), (19, 6)]), fur)
        cloth.spot(middle, 19.5, fur, 0.78)
        for side in (-8, 8):
            cloth.spot((middle[0] - 2, middle[1] + side), 4.6, eye)
            cloth.spot((middle[0] - 2, middle[1] + side), 2, "#222222", 1.7)
            for tilt in (-2.5, 2):
                whisker = [(side * 1.2, 6), (side * 3, 5 + tilt * 2), (side * 3, 6.6 + tilt * 2), (side * 1.2, 7.4)]
                cloth.polygon(_shift(middle, whisker), eye)
        cloth.polygon(_shift(middle, [(-3.4, 4), (3.4, 4), (0, 8)]), nose)
