"""A YAML document of a Compose file, as read on the controller."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Document:
    """The ``content`` of a document, and the paths tagged ``!reset`` or ``!override``, whose earlier values are removed."""

    content: Any
    resets: tuple[tuple[str, ...], ...] = ()


# Returns the documents of the file at a path; raises ``ModelError``.
Read = Callable[[str], list[Document]]


def apply_resets(earlier: Any, paths: tuple[tuple[str, ...], ...]) -> None:
    """Remove the values at ``paths`` from the earlier content; list items stay, as in Compose."""
    for path in paths:
        parent = earlier
        for part in path[:-1]:
            parent = parent.get(part) if isinstance(parent, dict) else None
        if isinstance(parent, dict):
            parent.pop(path[-1], None)
