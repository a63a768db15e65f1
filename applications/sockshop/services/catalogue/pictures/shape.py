"""The outline of a sock seen from the side, and the way from its cloth to the picture."""

from __future__ import annotations

import math
from dataclasses import dataclass

Point = tuple[float, float]

HALF = 78.0  # half of the sock's nominal width; cloth coordinates run from -HALF (front) to HALF (back, sole)
LEG = 300.0
INNER = 46.0  # radius of the ankle's bend at the front
TURN = math.radians(82)
BEND = (INNER + HALF) * TURN
FOOT = 150.0
TOE = 92.0
LENGTH = LEG + BEND + FOOT + TOE
HEEL_AT = LEG + BEND * 0.55
TOE_AT = LENGTH - TOE - 8


@dataclass(frozen=True)
class Shape:
    """One sock placed on a picture: `centre` in picture units, `turn` in degrees, `mirrored` points the toe left."""

    centre: Point
    size: float = 1.0
    turn: float = 0.0
    mirrored: bool = False

    def at(self, along: float, across: float) -> Point:
        """Return the picture's point for the cloth's point (units from the cuff's edge, units from the middle)."""
        x, y = _flat(along, across)
        x, y = (x - MIDDLE[0]) * self.size, (y - MIDDLE[1]) * self.size
        angle = math.radians(self.turn)
        x, y = x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)
        return self.centre[0] + (-x if self.mirrored else x), self.centre[1] + y

    def outline(self) -> list[Point]:
        """Return the closed outline as many short edges."""
        steps = [LENGTH * step / 240 for step in range(241)]
        return [self.at(u, -HALF) for u in steps] + [self.at(u, HALF) for u in reversed(steps)]


def _heading(along: float) -> float:
    return min(max((along - LEG) / BEND, 0.0), 1.0) * TURN


def _spine(along: float) -> Point:
    radius, angle = INNER + HALF, _heading(along)
    x, y = radius - radius * math.cos(angle), min(along, LEG) + radius * math.sin(angle)
    rest = max(along - LEG - BEND, 0.0)
    return x + rest * math.sin(angle), y + rest * math.cos(angle)


def _half(along: float, back: bool) -> float:
    """Return the half width there: a calf that narrows to the ankle, a round heel at the back and a round toe."""
    narrow = 1.05 - 0.13 * min(max(along / LEG, 0.0), 1.0)
    heel = math.exp(-(((along - HEEL_AT) / 74) ** 2)) if back else 0.0
    toe = max(along - (LENGTH - TOE), 0.0) / TOE
    round_toe = math.pow(max(1 - math.pow(toe, 2.3), 0.0), 1 / 2.1)
    return HALF * (narrow + 0.30 * heel) * round_toe


def _flat(along: float, across: float) -> Point:
    x, y = _spine(along)
    angle = _heading(along)
    out = -across / HALF * _half(along, across > 0)
    return x + math.cos(angle) * out, y - math.sin(angle) * out


def _middle() -> Point:
    points = [_flat(LENGTH * step / 60, side) for step in range(61) for side in (-HALF, HALF)]
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2


MIDDLE = _middle()
