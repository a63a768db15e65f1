"""The data that a target host needs to build an image, besides the archive of its context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .source import Image


@dataclass(frozen=True)
class Recipe:
    """How to build an image from the archive ``<name>.tar`` of the bundle."""

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
