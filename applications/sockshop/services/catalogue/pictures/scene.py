"""The picture round the socks: backdrop, shadow, and the socks laid upon it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cloth import Cloth
from patterns import Colours, Pattern
from PIL import Image, ImageChops, ImageDraw, ImageFilter
from shape import HALF, Shape

SIZE = 800
FINE = 3  # drawn this much larger, then reduced: smooth edges


@dataclass(frozen=True)
class Style:
    """How one product looks: its pattern, cloth colours and backdrop; `skin` shows a leg above the cuff."""

    pattern: Pattern
    base: str
    trim: str
    rib: str
    colours: Colours
    backdrop: tuple[str, str]
    skin: str = ""


def paint(style: Style, shapes: Sequence[Shape]) -> Image.Image:
    """Return the finished picture, SIZE pixels each way; the first shape lies lowest."""
    picture = _backdrop(*style.backdrop)
    for shape in shapes:
        if style.skin:
            picture = _leg(picture, shape, style.skin)
        cloth = Cloth(shape, SIZE * FINE, FINE, style.base)
        style.pattern(cloth, style.colours)
        cloth.finish(style.trim, style.rib)
        layer, mask = (image.resize((SIZE, SIZE), Image.Resampling.LANCZOS) for image in (cloth.layer, cloth.mask))
        picture = _shadow(picture, mask)
        picture.paste(layer, (0, 0), mask)
    return picture


def _backdrop(light: str, dark: str) -> Image.Image:
    """Return a soft spot of light on a coloured floor, with a pale disc behind the socks."""
    glow = Image.radial_gradient("L").resize((SIZE * 2, SIZE * 2)).crop((400, 300, 400 + SIZE, 300 + SIZE))
    picture = Image.composite(Image.new("RGB", glow.size, dark), Image.new("RGB", glow.size, light), glow)
    disc = Image.new("L", (SIZE * FINE, SIZE * FINE), 0)
    reach = 330 * FINE
    middle = SIZE * FINE // 2
    ImageDraw.Draw(disc).ellipse((middle - reach, middle - reach, middle + reach, middle + reach), fill=70)
    picture.paste("#ffffff", (0, 0), disc.resize((SIZE, SIZE), Image.Resampling.LANCZOS))
    return picture


def _shadow(picture: Image.Image, mask: Image.Image) -> Image.Image:
    for drop, blur, strength in ((22, 24, 0.30), (6, 6, 0.22)):
        fallen = ImageChops.offset(mask, drop // 2, drop).filter(ImageFilter.GaussianBlur(blur))
        dark = fallen.point([round(255 - value * strength) for value in range(256)])
        picture = ImageChops.multiply(picture, Image.merge("RGB", (dark, dark, dark)))
    return picture


def _leg(picture: Image.Image, shape: Shape, colour: str) -> Image.Image:
    """Lay a bare leg that leaves the sock upwards."""
    mask = Image.new("L", (SIZE * FINE, SIZE * FINE), 0)
    corners = [(30.0, -HALF * 0.96), (-500.0, -HALF * 1.12), (-500.0, HALF * 1.12), (30.0, HALF * 0.96)]
    points = [shape.at(*corner) for corner in corners]
    ImageDraw.Draw(mask).polygon([(x * FINE, y * FINE) for x, y in points], fill=255)
    mask = mask.resize((SIZE, SIZE), Image.Resampling.LANCZOS)
    inner = mask.filter(ImageFilter.GaussianBlur(26)).point([round(130 + value * 125 / 255) for value in range(256)])
    flesh = ImageChops.multiply(Image.new("RGB", mask.size, colour), Image.merge("RGB", (inner, inner, inner)))
    picture = _shadow(picture, mask)
    picture.paste(flesh, (0, 0), mask)
    return picture
