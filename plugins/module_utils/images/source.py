"""Image sources and their names: ``evenkeel/<name>:<digest>``, the digest over all inputs of the build.

A source is a folder with a ``Dockerfile``, whose local parents are written ``evenkeel/<name>``, or with an executable
``rootfs``, which fills a folder with a root filesystem: the only image built from scratch.
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
# Where a Dockerfile names an image: in FROM, in COPY --from, and in a mount of RUN.
_IMAGE_PREFIX = r"^\s*[Ff][Rr][Oo][Mm]\s+(?:--\S+\s+)*|(?<=[\s,=-])from="
_LOCAL = re.compile(rf"({_IMAGE_PREFIX}){REPOSITORY}/([a-z0-9][a-z0-9._-]*)(?![\w:./@-])")
# The start of a here-document, which ends at the line of that name.
_HEREDOC = re.compile(r"(?<!\S)\d*<<-?([\"']?)([A-Za-z_]\w*)\1(?!\S)")


class SourceError(ValueError):
    """An image source cannot be used; the message names the place and what is allowed."""


@dataclass(frozen=True)
class Source:
    """The source of an image: ``args`` are build arguments, ``target`` is the stage to build, empty for the last."""

    folder: Path
    dockerfile: str = "Dockerfile"
    args: tuple[tuple[str, str], ...] = ()
    target: str = ""


@dataclass(frozen=True)
class Image:
    """An image to build: ``reference`` is its full name, ``parents`` the names of the local images it is built from."""

    name: str
    reference: str
    source: Source
    parents: tuple[str, ...]
    dockerfile: str

    @property
    def from_nothing(self) -> bool:
        """Whether a ``rootfs`` program makes the image."""
        return not self.dockerfile

    def context(self, host_ca: bytes) -> bytes:
        """Return the archive to build from; it contains ``host_ca`` only if the Dockerfile mentions the file."""
        if self.from_nothing:
            return context_tar(self.source.folder, {})
        overrides = {self.source.dockerfile: self.dockerfile.encode()}
        if HOST_CA in self.dockerfile:
            overrides[HOST_CA] = host_ca
        return context_tar(self.source.folder, overrides)


def resolve_images(sources: Mapping[str, Source], names: tuple[str, ...]) -> dict[str, Image]:
    """Return the images called ``names`` and those that they are built from, parents first.

    Raises ``SourceError`` if a source is missing, cannot be built, or depends on itself.
    """
    resolved: dict[str, Image] = {}

    def resolve(name: str, trail: tuple[str, ...]) -> Image:
        if name in trail:
            raise SourceError(f"{REPOSITORY}/{name} is built from itself: " + " → ".join((*trail, name)))
        if name not in resolved:
            if name not in sources:
                known = ", ".join(sorted(sources))
                raise SourceError(f"{' → '.join(trail)}: found the parent {REPOSITORY}/{name}; allowed: {known}")
            resolved[name] = _image(name, sources[name], lambda parent: resolve(parent, (*trail, name)))
        return resolved[name]

    for name in names:
        resolve(name, ())
    return resolved


def _image(name: str, source: Source, parent: Callable[[str], Image]) -> Image:
    file = source.folder / source.dockerfile
    parents: dict[str, Image] = {}
    text = ""
    if file.is_file():

        def with_reference(match: re.Match[str]) -> str:
            parents[match[2]] = parent(match[2])
            return match[1] + parents[match[2]].reference

        for line, is_instruction in _lines(file.read_text(encoding="utf-8")):
            text += _LOCAL.sub(with_reference, line) if is_instruction and _names_image(line) else line
    elif not (source.folder / ROOTFS).is_file():
        raise SourceError(f"{file}: found nothing; allowed: a Dockerfile, or a program {ROOTFS} beside it")
    inputs = [fingerprint(source.folder), text, repr(source.args), source.target]
    digest = hashlib.sha256("\0".join(inputs).encode()).hexdigest()[:12]
    return Image(name, f"{REPOSITORY}/{name}:{digest}", source, tuple(parents), text)


def _lines(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the lines of a Dockerfile, each with whether it is part of an instruction, not of a here-document."""
    open_heredocs: list[str] = []
    for line in text.splitlines(keepends=True):
        yield line, not open_heredocs
        if open_heredocs:
            if line.strip() == open_heredocs[0]:
                del open_heredocs[0]
        elif not line.lstrip().startswith("#"):
            open_heredocs = [name for _quote, name in _HEREDOC.findall(line)]


def _names_image(line: str) -> bool:
    """Whether a line of a Dockerfile may name an image: that of a stage, or one to copy or mount from."""
    return bool(re.match(r"\s*(FROM\s|((COPY|RUN)\s.*)?--(from|mount)=\S)", line, re.IGNORECASE))
