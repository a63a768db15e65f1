"""What a target host has to know to build an image, besides its archive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .source import Image


@dataclass(frozen=True)
class Recipe:
    """What the target host has to know of an image, besides the archive ``<name>.tar`` of the bundle."""

    name: str
    reference: str
    parents: tuple[str, ...]
    dockerfile: str
    args: Mapping[str, str]
    target: str
    from_nothing: bool

    @classmethod
    def of(cls, image: Image) -> Recipe:
        """Return the recipe of an image."""
        source = image.source
        return cls(
            image.name, image.reference, image.parents, source.dockerfile, dict(source.args), source.target, image.from_nothing
        )
