"""A YAML document of a Compose file, as the controller has read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Document:
    """The ``content`` of a document, and the paths that its tags ``!reset`` and ``!override`` take from what is before it."""

    content: Any
    resets: tuple[tuple[str, ...], ...] = ()


# Returns the documents of the file at a path; raises ``ModelError``.
Read = Callable[[str], list[Document]]


def reset(earlier: Any, paths: tuple[tuple[str, ...], ...]) -> None:
    """Take from an earlier content what stands at ``paths``; items of lists stay, as they do in Compose."""
    for path in paths:
        parent = earlier
        for part in path[:-1]:
            parent = parent.get(part) if isinstance(parent, dict) else None
        if isinstance(parent, dict):
            parent.pop(path[-1], None)
