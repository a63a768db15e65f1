"""The images that an application needs: built ones from their sources, the others by the names in the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..application.model import Application, Build
from .source import Image, Source, images

PLATFORM = ("envoy", "sandbox", "keeper")


@dataclass(frozen=True)
class Needed:
    """``references`` are image names by what they are for; ``built`` the images to build, parents first; others are pulled."""

    references: Mapping[str, str]
    built: Mapping[str, Image]


def needed_images(application: Application, folder: Path, platform: Mapping[str, Path]) -> Needed:
    """Return the images of ``application``, whose sources are relative to ``folder``, and of the platform's own sources.

    Raises ``SourceError``.
    """
    sources = {name: Source(path) for name, path in platform.items()}
    sources.update((name, Source(folder / path)) for name, path in application.images)
    names: dict[str, str] = {}
    for component in application.components:
        if component.build:
            name = _name(application.name, component.name, component.build)
            source = _source(component.build, folder)
            if sources.setdefault(name, source) != source:
                name = f"{application.name}-{component.name}"
                sources[name] = source
            names[component.name] = name
    built = images(sources, (*PLATFORM, *names.values()))
    references = {component.name: component.image for component in application.components}
    references.update((component, built[name].reference) for component, name in names.items())
    references.update((name, built[name].reference) for name in PLATFORM)
    return Needed(references, built)


def _name(application: str, component: str, build: Build) -> str:
    """Return a name after the folder, which several components may share."""
    folder = Path(build.context).name.lower()
    return f"{application}-{folder if folder.strip('.') else component}"


def _source(build: Build, folder: Path) -> Source:
    return Source(folder / build.context, build.dockerfile, build.args, build.target)
