"""What every action of the collection does on the controller: read the application, name its images, find its folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..module_utils.images.needed import Needed, needed_images
from ..module_utils.model.application import Application
from ..module_utils.model.serialization import to_wire
from .compose_file import load

PLATFORM_SOURCES = Path(__file__).resolve().parents[2] / "roles" / "images" / "files"
OWN_OPTIONS = ("application", "image_source", "variables")


@dataclass(frozen=True)
class Deployment:
    """An application file as read: ``folder`` is where it stands."""

    application: Application
    source: str
    folder: Path
    needed: Needed

    def arguments(self) -> dict[str, Any]:
        """Return what modules are told of it."""
        return {
            "model": to_wire(self.application),
            "source": self.source,
            "folder": str(self.folder),
            "images": dict(self.needed.references),
        }


def read_deployment(application: str, image_source: str, variables: Mapping[str, Any]) -> Deployment:
    """Return the deployment of the Compose file ``application``; ``variables`` win over this process's environment.

    Raises ``ModelError`` and ``SourceError``, both of which are a ``ValueError``.
    """
    file = Path(application).expanduser().resolve()
    given = {name: str(value) for name, value in variables.items()}
    model = load(file, {**os.environ, **given}, image_source)
    platform = {path.name: path for path in sorted(PLATFORM_SOURCES.iterdir()) if path.is_dir()}
    return Deployment(model, str(file), file.parent, needed_images(model, file.parent, platform, image_source))
