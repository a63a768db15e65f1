"""The project of an action on the controller: the application, its images and its folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..module_utils.images.recipe import Recipe
from ..module_utils.images.required import RequiredImages, required_images
from ..module_utils.model.specification import Specification
from .compose_file import load

PLATFORM_SOURCES = Path(__file__).resolve().parents[2] / "roles" / "images" / "files"


@dataclass(frozen=True)
class Project:
    """The specification of an application, and the images that it needs."""

    specification: Specification
    needed: RequiredImages

    def recipes(self) -> list[dict[str, Any]]:
        """Return the recipes of the images that are built, for a host."""
        return [vars(Recipe.of(image)) for image in self.needed.built.values()]


def read_project(application: str, image_source: str, variables: Mapping[str, Any]) -> Project:
    """Return the project of the Compose file ``application``; ``variables`` override this process's environment.

    Raises ``ModelError`` and ``SourceError``, both of them subclasses of ``ValueError``.
    """
    file = Path(application).expanduser().resolve()
    overrides = {name: str(value) for name, value in variables.items()}
    model = load(file, {**os.environ, **overrides}, image_source)
    platform = {path.name: path for path in sorted(PLATFORM_SOURCES.iterdir()) if path.is_dir()}
    needed = required_images(model, file.parent, platform, image_source)
    return Project(Specification(model, needed.references, str(file), str(file.parent)), needed)
