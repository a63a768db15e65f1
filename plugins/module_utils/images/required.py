"""The images that an application needs: built ones from their sources, the others by the names in the model."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..model.application import Application, Build, ImageSource
from ..model.effective import EffectiveApplication
from .source import Image, Source, SourceError, images

PROXY = "envoy"
PUBLISHED = "Dockerfile.published"
PLATFORM = (PROXY, "sandbox", "supervisor")


@dataclass(frozen=True)
class RequiredImages:
    """``references`` are image names by what they are for; ``built`` the images made here, parents first; others are pulled.

    Both know the images of components without instances too, which nobody needs yet: see ``images_in_use``.
    """

    references: Mapping[str, str]
    built: Mapping[str, Image]


def required_images(application: Application, folder: Path, platform: Mapping[str, Path], image_source: str) -> RequiredImages:
    """Return the images of ``application``, whose sources are relative to ``folder``, and of the platform's own sources.

    From upstream the proxy's image is the one that the model names for a gateway, with our own filter beside it.

    Raises ``SourceError``.
    """
    sources = {name: Source(path) for name, path in platform.items()}
    published = next((each.image for each in application.components if each.gateway and each.image), "")
    if published and image_source == ImageSource.UPSTREAM:
        sources[PROXY] = Source(platform[PROXY], PUBLISHED, (("PUBLISHED", published),))
    sources.update((name, Source(folder / path)) for name, path in application.images)
    names: dict[str, str] = {}
    for component in application.components:
        if component.build:
            names[component.name] = _add(sources, application.name, component.name, _source(component.build, folder))
    built = images(sources, (*PLATFORM, *names.values()))
    references = {component.name: component.image for component in application.components if not component.gateway}
    references.update((component, built[name].reference) for component, name in names.items())
    references.update((platform_image(name), built[name].reference) for name in PLATFORM)
    return RequiredImages(references, built)


def platform_image(name: str) -> str:
    """Return what one of ``PLATFORM`` is called among references: no component has such a name."""
    return f"platform/{name}"


def images_in_use(application: EffectiveApplication, also: Collection[str] = ()) -> dict[str, str]:
    """Return the references that ``application`` has instances of, and those of the components ``also``.

    Raises ``SourceError`` where one of ``also`` is no component.
    """
    known = {component.name for component in application.components if not component.gateway}
    strange = sorted(set(also) - known)
    if strange:
        raise SourceError(f"also: found {', '.join(strange)}; allowed: {', '.join(sorted(known))}")
    # The schema for traces is in the image of the component that takes them.
    wanted = {component.name for component in application.components if application.runs(component.name)}
    wanted |= {application.tracing, *also}
    return {name: each for name, each in application.references.items() if name not in known or name in wanted}


def _add(sources: dict[str, Source], application: str, component: str, source: Source) -> str:
    """Return the name of ``source``, which several components may share: after its folder, if that is free."""
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
