"""Image sources and their names: ``evenkeel/<name>:<digest>``, the digest over everything the image is made from.

A source is a folder with a ``Dockerfile``, whose local parents are written ``evenkeel/<name>``, or with an executable
``rootfs``, which fills a folder with a root filesystem: the one image that starts from nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .context import HOST_CA, context_tar, fingerprint

REPOSITORY = "evenkeel"
ROOTFS = "rootfs"
_LOCAL = re.compile(rf"(?<![\w./-]){REPOSITORY}/([a-z0-9][a-z0-9._-]*)(?![\w:./@-])")


class SourceError(ValueError):
    """An image source cannot be used; the message names the place and the way out."""


@dataclass(frozen=True)
class Source:
    """Where an image comes from: ``args`` are build arguments, ``target`` the stage to stop at, empty for the last."""

    folder: Path
    dockerfile: str = "Dockerfile"
    args: tuple[tuple[str, str], ...] = ()
    target: str = ""


@dataclass(frozen=True)
class Image:
    """An image to have: ``reference`` is its whole name, ``parents`` the names of those that it is made from."""

    name: str
    reference: str
    source: Source
    parents: tuple[str, ...]
    dockerfile: str

    @property
    def from_nothing(self) -> bool:
        """Whether a ``rootfs`` makes the image."""
        return not self.dockerfile

    def context(self, host_ca: bytes) -> bytes:
        """Return the archive to build from; ``host_ca`` goes in only where the Dockerfile asks for it."""
        if self.from_nothing:
            return context_tar(self.source.folder, {})
        replaced = {self.source.dockerfile: self.dockerfile.encode()}
        if HOST_CA in self.dockerfile:
            replaced[HOST_CA] = host_ca
        return context_tar(self.source.folder, replaced)


def images(sources: Mapping[str, Source], wanted: tuple[str, ...]) -> dict[str, Image]:
    """Return the ``wanted`` images and those that they are made from, parents first.

    Raises ``SourceError`` where a source is missing, is no source, or is made from itself.
    """
    named: dict[str, Image] = {}

    def name_image(name: str, trail: tuple[str, ...]) -> Image:
        if name in trail:
            raise SourceError(f"{REPOSITORY}/{name} is made from itself: " + " → ".join((*trail, name)))
        if name not in named:
            if name not in sources:
                known = ", ".join(sorted(sources))
                raise SourceError(f"{' → '.join(trail)}: found the parent {REPOSITORY}/{name}; allowed: {known}")
            named[name] = _image(name, sources[name], lambda parent: name_image(parent, (*trail, name)))
        return named[name]

    for name in wanted:
        name_image(name, ())
    return named


def _image(name: str, source: Source, parent: Callable[[str], Image]) -> Image:
    file = source.folder / source.dockerfile
    parents: dict[str, Image] = {}
    text = ""
    if file.is_file():

        def resolved(match: re.Match[str]) -> str:
            parents[match[1]] = parent(match[1])
            return parents[match[1]].reference

        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        text = "".join(_LOCAL.sub(resolved, line) if _names_image(line) else line for line in lines)
    elif not (source.folder / ROOTFS).is_file():
        raise SourceError(f"{file}: found nothing; allowed: a Dockerfile, or a program {ROOTFS} beside it")
    parts = [fingerprint(source.folder), text, repr(source.args), source.target]
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
    return Image(name, f"{REPOSITORY}/{name}:{digest}", source, tuple(parents), text)


def _names_image(line: str) -> bool:
    return bool(re.match(r"\s*(FROM\s|COPY\s.*--from=)", line, re.IGNORECASE))
