"""Draw the catalogue's pictures: python3 draw.py <folder>."""

from __future__ import annotations

import sys
from pathlib import Path

import patterns
from scene import Style, paint
from shape import Shape

STYLES = {
    "weave": Style(patterns.weave, "#15171c", "#22252d", "#3a3f4b", ("#4a505d", "#2c3039", "#ff8a4c"), ("#f2efe9", "#cfc6b8")),
    "leg": Style(patterns.glasses, "#2f6fb5", "#1d4d86", "#2b62a3", ("#11294a", "#bfe0ff", "#ffffff"), ("#fdf1e7", "#e9cdb6"),
                 skin="#eebc98"),
    "cross": Style(patterns.crosses, "#20375f", "#c8373f", "#a92a33", ("#e6525a", "#7fa8e6", "#ffffff"), ("#eaf1fb", "#b9cbe6")),
    "sport": Style(patterns.sport, "#1b1c20", "#2a2c33", "#43464f", ("#ffffff", "#e23c3c", "#ffffff"), ("#f4f4f2", "#c3c7cc")),
    "holy": Style(patterns.holy, "#efe7fb", "#8d6ad0", "#7a57bf", ("#e8b93b", "#b79be8", "#8d6ad0"), ("#f6efff", "#bca4e3")),
    "play": Style(patterns.play, "#f1f1ef", "#d93030", "#b82525", ("#d93030", "#ffffff", "#ffffff"), ("#fff0ee", "#eec0b8")),
    "zigzag": Style(patterns.zigzag, "#f3f7ee", "#1f6f5c", "#17594a", ("#2f9e7e", "#2c68b0", "#a5d6a0"), ("#eef8f2", "#b5d8c8")),
    "argyle": Style(patterns.argyle, "#7a5236", "#4f3422", "#66452f", ("#55764a", "#8f6544", "#f0e2c6"), ("#f7f0e4", "#d9c4a3")),
    "rainbow": Style(patterns.rainbow, "#4b6fd6", "#6b4630", "#83583d", ("#fff", "#fff", "#fff"), ("#fdf6e6", "#bcd7ee")),
    "cats": Style(patterns.cats, "#cfe0b8", "#5d7a3f", "#4b6531", ("#7a5236", "#4c4038", "#f2a7a0"), ("#f5f6e8", "#cdd6a9")),
}  # fmt: skip

VIEWS = {
    "one": (Shape((410, 405), 1.22, -6),),
    "worn": (Shape((420, 450), 1.08, -2),),
    "worn-left": (Shape((330, 430), 0.92, -5), Shape((500, 490), 0.92, 3)),
    "pair": (Shape((345, 370), 1.06, 8), Shape((455, 430), 1.06, -6)),
    "facing": (Shape((248, 405), 0.92, 2, mirrored=True), Shape((552, 405), 0.92, 2)),
    "crossed": (Shape((430, 385), 1.02, 24, mirrored=True), Shape((375, 425), 1.02, 24)),
    "near": (Shape((370, 350), 1.62, -26),),
    "left": (Shape((400, 405), 1.12, 14, mirrored=True),),
}

PICTURES = {
    "weave1.jpg": ("weave", "one"), "weave2.jpg": ("weave", "near"),
    "bit_of_leg_1.jpeg": ("leg", "worn"), "bit_of_leg_2.jpeg": ("leg", "worn-left"),
    "cross_1.jpeg": ("cross", "one"), "cross_2.jpeg": ("cross", "crossed"),
    "puma_1.jpeg": ("sport", "one"), "puma_2.jpeg": ("sport", "pair"),
    "holy_1.jpeg": ("holy", "one"), "holy_2.jpeg": ("holy", "left"),
    "youtube_1.jpeg": ("play", "one"), "youtube_2.jpeg": ("play", "facing"),
    "WAT.jpg": ("zigzag", "one"), "WAT2.jpg": ("zigzag", "pair"),
    "classic.jpg": ("argyle", "one"), "classic2.jpg": ("argyle", "near"),
    "colourful_socks.jpg": ("rainbow", "pair"),
    "catsocks.jpg": ("cats", "one"), "catsocks2.jpg": ("cats", "facing"),
}  # fmt: skip


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, (style, view) in PICTURES.items():
        paint(STYLES[style], VIEWS[view]).save(folder / name, "JPEG", quality=86, optimize=True, progressive=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
