"""A sock's cloth: what is painted in cloth coordinates lands bent along the sock."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import pairwise

from PIL import Image, ImageChops, ImageDraw, ImageFilter
from shape import HALF, HEEL_AT, LENGTH, TOE_AT, Point, Shape

EDGE = HALF * 1.1
CUFF = 62.0


class Cloth:
    """Paints on a picture-sized layer, `scale` pixels for a unit."""

    def __init__(self, shape: Shape, pixels: int, scale: float, base: str) -> None:
        self.shape = shape
        self.scale = scale
        self.layer = Image.new("RGB", (pixels, pixels), base)
        self.mask = Image.new("L", (pixels, pixels), 0)
        self._draw = ImageDraw.Draw(self.layer, "RGBA")
        self._cut = ImageDraw.Draw(self.mask)
        self._cut.polygon(self._scaled(shape.outline()), fill=255)

    def polygon(self, points: Iterable[Point], colour: str) -> None:
        """Paint a polygon; its edges are cut small, so that they follow the sock's bend."""
        self._draw.polygon(self._bent(points), fill=colour)

    def band(self, start: float, end: float, colour: str) -> None:
        """Paint a ring round the sock."""
        self.polygon([(start, -EDGE), (end, -EDGE), (end, EDGE), (start, EDGE)], colour)

    def strip(self, left: float, right: float, colour: str, start: float = 0.0, end: float = LENGTH) -> None:
        """Paint a strip along the sock."""
        self.polygon([(start, left), (end, left), (end, right), (start, right)], colour)

    def spot(self, middle: Point, radius: float, colour: str, squash: float = 1.0) -> None:
        """Paint an ellipse."""
        self.polygon(_round(middle, radius, squash), colour)

    def hole(self, middle: Point, radius: float, rim: str) -> None:
        """Cut a hole and darn its rim."""
        self.polygon(_ragged(middle, radius + 4), rim)
        self._cut.polygon(self._bent(_ragged(middle, radius)), fill=0)

    def finish(self, trim: str, rib: str) -> None:
        """Knit the cloth: heel, toe and ribbed cuff in the trim's colour, stitches, and the shade of a round leg."""
        self._heel_and_toe(trim)
        self.band(-20, CUFF, trim)
        for step in range(-11, 12):
            self.strip(step * 8 - 1.6, step * 8 + 1.6, rib, -20, CUFF - 2)
        self.band(CUFF - 1.5, CUFF + 1.5, "#00000030")
        self._stitches()
        self._shade()

    def _heel_and_toe(self, colour: str) -> None:
        reach, depth = 74.0, HALF * 1.05
        curve = [math.pi * step / 24 for step in range(25)]
        heel = [(HEEL_AT - reach * math.cos(a), EDGE - depth * math.sin(a) ** 0.8) for a in curve]
        self.polygon(heel, colour)
        toe = [(TOE_AT - 14 * math.cos((v / HALF) * 1.4), v) for v in _steps(-EDGE, EDGE, 12)]
        self.polygon([*toe, (LENGTH + 20, EDGE), (LENGTH + 20, -EDGE)], colour)

    def _stitches(self) -> None:
        width = max(1, round(self.scale * 0.7))
        for along in _steps(CUFF + 4, LENGTH, 118):
            for across in _steps(-HALF, HALF, 26):
                left, tip, right = (along, across - 2.6), (along + 3.4, across), (along, across + 2.6)
                stitch = self._scaled(self.shape.at(*p) for p in (left, tip, right))
                self._draw.line(stitch, fill=(0, 0, 0, 26), width=width)
                lifted = self._scaled(self.shape.at(u + 1.6, v) for u, v in (left, tip, right))
                self._draw.line(lifted, fill=(255, 255, 255, 20), width=width)

    def _shade(self) -> None:
        shade = Image.new("L", self.layer.size, 255)
        draw = ImageDraw.Draw(shade)
        lanes = list(_steps(-EDGE, EDGE, 44))
        for left, right in pairwise(lanes):
            place = (left + right) / 2 / HALF + 0.18  # the light comes from the front's side
            light = round(255 * (1 - 0.40 * min(abs(place), 1.2) ** 2.6))
            draw.polygon(self._bent([(-20, left), (LENGTH, left), (LENGTH, right), (-20, right)]), fill=light)
        soft = shade.filter(ImageFilter.GaussianBlur(self.scale * 5))
        self.layer = ImageChops.multiply(self.layer, Image.merge("RGB", (soft, soft, soft)))

    def _bent(self, points: Iterable[Point]) -> list[Point]:
        corners = list(points)
        path: list[Point] = []
        for (u1, v1), (u2, v2) in pairwise([*corners, corners[0]]):
            parts = max(1, math.ceil(math.hypot(u2 - u1, v2 - v1) / 8))
            path += [self.shape.at(u1 + (u2 - u1) * i / parts, v1 + (v2 - v1) * i / parts) for i in range(parts)]
        return self._scaled(path)

    def _scaled(self, points: Iterable[Point]) -> list[Point]:
        return [(x * self.scale, y * self.scale) for x, y in points]


def _round(middle: Point, radius: float, squash: float) -> list[Point]:
    turns = [math.tau * step / 28 for step in range(28)]
    return [(middle[0] + radius * squash * math.sin(a), middle[1] + radius * math.cos(a)) for a in turns]


def _ragged(middle: Point, radius: float) -> list[Point]:
    """Return a torn hole's edge."""
    turns = [math.tau * step / 60 for step in range(60)]
    reach = [radius * (1 + 0.10 * math.sin(3 * a + middle[0]) + 0.06 * math.sin(11 * a + middle[1])) for a in turns]
    return [(middle[0] + r * 1.2 * math.sin(a), middle[1] + r * 0.9 * math.cos(a)) for r, a in zip(reach, turns, strict=True)]


def _steps(start: float, end: float, parts: int) -> Iterator[float]:
    return (start + (end - start) * step / parts for step in range(parts + 1))
