"""The images that an application requires: built from sources, or pulled by the names in the model."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..model.application import Application, Build, ImageSource
from ..model.effective import EffectiveApplication
from .source import Image, Source, SourceError, resolve_images

PROXY = "envoy"
PUBLISHED = "Dockerfile.published"
PLATFORM = (PROXY, "sandbox", "supervisor")


@dataclass(frozen=True)
class RequiredImages:
    """``references`` are image names by component; ``built`` are the images to build, parents first; others are pulled.

    Both include the images of components without instances: see ``images_in_use``.
    """

    references: Mapping[str, str]
    built: Mapping[str, Image]


def required_images(application: Application, folder: Path, platform: Mapping[str, Path], image_source: str) -> RequiredImages:
    """Return the images of ``application``, whose sources are relative to ``folder``, and of ``platform``, sources by name.

    With images from upstream, the proxy's image is built on the one that the model names for a gateway.

    Raises ``SourceError``.
    """
    sources = {name: Source(path) for name, path in platform.items()}
    published = next((component.image for component in application.components if component.gateway and component.image), "")
    if published and image_source == ImageSource.UPSTREAM:
        sources[PROXY] = Source(platform[PROXY], PUBLISHED, (("PUBLISHED", published),))
    sources.update((name, Source(folder / path)) for name, path in application.images)
    names: dict[str, str] = {}
    for component in application.components:
        if component.build:
            names[component.name] = _add(sources, application.name, component.name, _source(component.build, folder))
    built = resolve_images(sources, (*PLATFORM, *names.values()))
    references = {component.name: component.image for component in application.components if not component.gateway}
    references.update((component, built[name].reference) for component, name in names.items())
    references.update((platform_image(name), built[name].reference) for name in PLATFORM)
    return RequiredImages(references, built)


def platform_image(name: str) -> str:
    """Return the key of a ``PLATFORM`` image among the references; no component has such a name."""
    return f"platform/{name}"


def images_in_use(application: EffectiveApplication, also: Collection[str] = ()) -> dict[str, str]:
    """Return the references of components that have instances or are in ``also``, and of the platform.

    Raises ``SourceError`` if one of ``also`` is not a component.
    """
    known = {component.name for component in application.components if not component.gateway}
    unknown = sorted(set(also) - known)
    if unknown:
        raise SourceError(f"also: found {', '.join(unknown)}; allowed: {', '.join(sorted(known))}")
    # The database schema for traces is in the image of the tracing component.
    used = {component.name for component in application.components if application.runs(component.name)}
    used |= {application.tracing, *also}
    return {name: reference for name, reference in application.references.items() if name not in known or name in used}


def _add(sources: dict[str, Source], application: str, component: str, source: Source) -> str:
    """Add ``source`` unless another component has it, and return its name: that of its folder, if free."""
    for name, known in sources.items():
        if known == source:
            return name
    folder = source.folder.name.lower()
    name = f"{application}-{folder}"
    if name in sources or not folder.strip("."):
        name = f"{application}-{component}"
    sources[name] = source
    return name


def _source(build: Build, folder: Path) -> Source:
    return Source(folder / build.context, build.dockerfile, build.args, build.target)
