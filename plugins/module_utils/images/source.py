"""Image sources and their names: ``evenkeel/<name>:<digest>``, the digest over everything the image is made from.

A source is a folder with a ``Dockerfile``, whose local parents are written ``evenkeel/<name>``, or with an executable
``rootfs``, which fills a folder with a root filesystem: the one image that starts from nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .context import HOST_CA, context_tar, fingerprint

REPOSITORY = "evenkeel"
ROOTFS = "rootfs"
# Where a Dockerfile names an image: that of a stage, and one that files come from, in a COPY or in a mount of a RUN.
_PLACE = r"^\s*[Ff][Rr][Oo][Mm]\s+(?:--\S+\s+)*|(?<=[\s,=-])from="
_LOCAL = re.compile(rf"({_PLACE}){REPOSITORY}/([a-z0-9][a-z0-9._-]*)(?![\w:./@-])")
# A word of an instruction after which a here-document follows, up to the line of that name.
_HERE = re.compile(r"(?<!\S)\d*<<-?([\"']?)([A-Za-z_]\w*)\1(?!\S)")


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
            parents[match[2]] = parent(match[2])
            return match[1] + parents[match[2]].reference

        for line, instructs in _lines(file.read_text(encoding="utf-8")):
            text += _LOCAL.sub(resolved, line) if instructs and _names_image(line) else line
    elif not (source.folder / ROOTFS).is_file():
        raise SourceError(f"{file}: found nothing; allowed: a Dockerfile, or a program {ROOTFS} beside it")
    parts = [fingerprint(source.folder), text, repr(source.args), source.target]
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
    return Image(name, f"{REPOSITORY}/{name}:{digest}", source, tuple(parents), text)


def _lines(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the lines of a Dockerfile, each with whether it is one of instructions, not of a here-document."""
    open_documents: list[str] = []
    for line in text.splitlines(keepends=True):
        yield line, not open_documents
        if open_documents:
            if line.strip() == open_documents[0]:
                del open_documents[0]
        elif not line.lstrip().startswith("#"):
            open_documents = [name for _quote, name in _HERE.findall(line)]


def _names_image(line: str) -> bool:
    """Whether a line of a Dockerfile has a place for an image: that of a stage, or one that files come from."""
    return bool(re.match(r"\s*(FROM\s|((COPY|RUN)\s.*)?--(from|mount)=\S)", line, re.IGNORECASE))
